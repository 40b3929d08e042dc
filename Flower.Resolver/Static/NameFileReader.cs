// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Resolver.Static;

/// <summary>Reads a file of names, and says all that is wrong with it at once.</summary>
internal sealed class NameFileReader
{
    private const int MaxTargets = 1000;

    private static readonly JsonDocumentOptions Json = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        AllowDuplicateProperties = false,
    };

    private readonly List<string> _errors = [];

    private NameFileReader()
    {
    }

    /// <summary>Reads it.</summary>
    /// <returns>The file, or what is wrong with it.</returns>
    public static (NameFile? File, IReadOnlyList<string> Errors) Read(ReadOnlyMemory<byte> json)
    {
        var reader = new NameFileReader();
        try
        {
            using var document = JsonDocument.Parse(json, Json);
            NameFile file = reader.ReadFile(document.RootElement);
            return reader._errors.Count == 0 ? (file, []) : (null, [.. reader._errors.Select(LabelRules.Printable)]);
        }
        catch (JsonException e)
        {
            return (null, [JsonFault.Words(e)]);
        }
        catch (InvalidOperationException)
        {
            // Only where a text is asked for: until then, a document may have any bytes in its texts.
            return (null, ["a name or a text is not well-formed Unicode"]);
        }
    }

    private NameFile ReadFile(JsonElement root)
    {
        var names = new Dictionary<string, IReadOnlyList<ResolvedTarget>>(StringComparer.Ordinal);
        TimeSpan timeToLive = NameFile.DefaultTimeToLive;
        bool hasNames = false;
        foreach (JsonProperty property in Members(root, "the file"))
        {
            switch (property.Name)
            {
                case "time_to_live":
                    timeToLive = ReadDuration(property.Value);
                    break;
                case "names":
                    hasNames = true;
                    foreach (JsonProperty name in Members(property.Value, "names"))
                    {
                        names[name.Name] = ReadTargets(name.Value, $"names.{name.Name}");
                    }

                    break;
                default:
                    _errors.Add($"{property.Name}: there is no such member: time_to_live and names are known");
                    break;
            }
        }

        if (!hasNames && _errors.Count == 0)
        {
            _errors.Add("names: is missing");
        }

        return new(names, timeToLive);
    }

    private TimeSpan ReadDuration(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String
            && DurationOption.TryParse(value.GetString()!, out TimeSpan duration) && duration <= TimeSpan.FromDays(1))
        {
            return duration;
        }

        _errors.Add("time_to_live: must be a duration of at most a day, such as \"30s\"");
        return default;
    }

    private List<ResolvedTarget> ReadTargets(JsonElement value, string place)
    {
        var targets = new List<ResolvedTarget>();
        if (value.ValueKind != JsonValueKind.Array)
        {
            _errors.Add($"{place}: must be a list of targets");
            return targets;
        }

        foreach (JsonElement element in value.EnumerateArray())
        {
            targets.Add(ReadTarget(element, $"{place}[{targets.Count}]"));
        }

        if (targets.Count is 0 or > MaxTargets)
        {
            _errors.Add($"{place}: must have 1 to {MaxTargets} targets");
        }

        return targets;
    }

    private ResolvedTarget ReadTarget(JsonElement value, string place)
    {
        var target = new ResolvedTarget(LabelSet.Empty);
        bool hasLabels = false;
        foreach (JsonProperty property in Members(value, place))
        {
            switch (property.Name)
            {
                case "labels":
                    hasLabels = true;
                    target = target with { Labels = ReadLabels(property.Value, $"{place}.labels") };
                    break;
                case "weight":
                    target = target with { Weight = ReadNumber(property.Value, $"{place}.weight") };
                    break;
                case "priority":
                    target = target with { Priority = ReadNumber(property.Value, $"{place}.priority") };
                    break;
                default:
                    _errors.Add($"{place}.{property.Name}: there is no such member: labels, weight and priority are known");
                    break;
            }
        }

        if (!hasLabels)
        {
            _errors.Add($"{place}.labels: is missing");
        }

        return target;
    }

    // An object of texts, in which a key that begins with + is required; or words, as on a command line.
    private LabelSet ReadLabels(JsonElement value, string place)
    {
        try
        {
            LabelSet labels = value.ValueKind switch
            {
                JsonValueKind.String =>
                    LabelSet.ParseWords(value.GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
                JsonValueKind.Object => ReadLabelObject(value, place),
                _ => throw new LabelException("must be an object of texts, { \"app\": \"db\" }, or words, \"app=db +tenant\""),
            };
            if (labels.Labels.Select(l => l.Key).Concat(labels.RequiredKeys)
                .FirstOrDefault(key => key.StartsWith(LabelRules.ReservedPrefix, StringComparison.Ordinal)
                    && !key.StartsWith("flower.server_", StringComparison.Ordinal)) is string reserved)
            {
                throw new LabelException($"'{reserved}' cannot be stated: of flower.… only demands on the server can");
            }

            labels.CheckSize();
            return labels;
        }
        catch (LabelException e)
        {
            _errors.Add($"{place}: {e.Message}");
            return LabelSet.Empty;
        }
    }

    private LabelSet ReadLabelObject(JsonElement value, string place)
    {
        var labels = new List<KeyValuePair<string, string>>();
        var required = new List<string>();
        foreach (JsonProperty property in Members(value, place))
        {
            bool requires = property.Name.StartsWith('+');
            string key = requires ? property.Name[1..] : property.Name;
            if (requires)
            {
                required.Add(key);
            }

            if (property.Value.ValueKind == JsonValueKind.String)
            {
                labels.Add(new(key, property.Value.GetString()!));
            }
            else if (!(requires && property.Value.ValueKind == JsonValueKind.Null))
            {
                throw new LabelException($"'{property.Name}' must be a text; only a key that begins with '+' may be null");
            }
        }

        return LabelSet.Create(labels, required);
    }

    private int ReadNumber(JsonElement value, string place)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetUInt16(out ushort number))
        {
            return number;
        }

        _errors.Add($"{place}: must be a number from 0 to 65535");
        return 0;
    }

    private JsonProperty[] Members(JsonElement value, string place)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            return [.. value.EnumerateObject()];
        }

        _errors.Add($"{place}: must be an object");
        return [];
    }
}
