// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Grants;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Microsoft.Extensions.Configuration;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>Reads one grant: who, which rights, and the labels that are pinned.</summary>
internal sealed class GrantReader(ConfigurationErrors errors, IAccounts accounts)
{
    private const string WhoKey = "who";
    private const string RightsKey = "rights";
    private const string InKey = "in";
    private const string OutKey = "out";
    private const string AllRights = "all";
    private const string RightsWanted = "must be \"all\" or a list of rights, such as [\"client-connect\", \"list\"]";

    private static readonly string Spellings =
        string.Join(", ", Rights.Every.ToMessage().Select(Spelled).Append(AllRights));

    private static readonly string[] Keys = [WhoKey, RightsKey, InKey, OutKey];

    private readonly WhoReader _who = new(errors, accounts);
    private readonly LabelsReader _labels = new(errors);

    /// <summary>The grant; null, or one that is of no use, if there was an error, which is told.</summary>
    public Grant? Read(IConfigurationSection section, string place)
    {
        if (!Sections.IsObject(section))
        {
            errors.Add(place, "must be an object: { \"who\": …, \"rights\": … }");
            return null;
        }

        Dictionary<string, IConfigurationSection> parts =
            Sections.Known(section, place, Keys, errors).ToDictionary(s => s.Key, StringComparer.Ordinal);
        if (!parts.ContainsKey(WhoKey))
        {
            errors.Add(place, $"whom does it name? Add \"{WhoKey}\": \"user:NAME\"");
        }

        if (!parts.ContainsKey(RightsKey))
        {
            errors.Add(place, $"which rights? Add \"{RightsKey}\": [\"client-connect\"], or [] for none");
        }

        ImmutableArray<Who> who = parts.TryGetValue(WhoKey, out IConfigurationSection? names)
            ? _who.Read(names, $"{place}.{WhoKey}")
            : [];
        Rights rights = parts.TryGetValue(RightsKey, out IConfigurationSection? list)
            ? ReadRights(list, $"{place}.{RightsKey}")
            : Rights.None;
        LabelSet inLabels = ReadLabels(parts, InKey, place, ReservedKeys.RefuseInLabels);
        LabelSet outLabels = ReadLabels(parts, OutKey, place, ReservedKeys.RefuseOutLabels);
        return new(place, who, Handle.CreateRoot(rights, inLabels, outLabels));
    }

    private Rights ReadRights(IConfigurationSection section, string place)
    {
        if (section.Value is null && !section.GetChildren().Any())
        {
            errors.Add(place, RightsWanted);
            return Rights.None;
        }

        var read = new List<Right>();
        foreach ((string at, string text) in Sections.Texts(section, place, RightsWanted, errors))
        {
            if (text == AllRights)
            {
                read.AddRange(Rights.All.ToMessage());
            }
            else if (RightNames.Find(text) is { } right)
            {
                read.Add(right);
            }
            else
            {
                errors.Add(at, $"there is no right '{text}': {Spellings}");
            }
        }

        _ = RightsMessage.TryRead(read, out Rights rights);
        return rights;
    }

    private static string Spelled(Right right) =>
        RightNames.NameOf(right).ToLowerInvariant().Replace('_', '-');

    // Empty where they are wrong: the error is told, and the file refused.
    private LabelSet ReadLabels(
        Dictionary<string, IConfigurationSection> parts, string key, string place, Func<LabelSet, LabelRefusal?> refuse)
    {
        if (!parts.TryGetValue(key, out IConfigurationSection? section))
        {
            return LabelSet.Empty;
        }

        LabelSet labels = _labels.Read(section, $"{place}.{key}");
        if (refuse(labels) is not { } refusal)
        {
            return labels;
        }

        errors.Add($"{place}.{key}", refusal.Message);
        return LabelSet.Empty;
    }
}
