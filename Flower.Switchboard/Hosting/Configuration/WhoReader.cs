// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using System.Globalization;
using Flower.Switchboard.Grants;
using Microsoft.Extensions.Configuration;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>
/// Reads whom a grant names: <c>user:NAME</c>, <c>group:NAME</c>, <c>uid:FIRST-LAST</c>, <c>others</c>.
/// </summary>
internal sealed class WhoReader(ConfigurationErrors errors, IAccounts accounts)
{
    private const string Wanted =
        "must be user:NAME, group:NAME, uid:NUMBER, uid:FIRST-LAST or others, or a list of these";

    // 4294967295 stands for "no user" (chown(2)).
    private const uint MaxId = uint.MaxValue - 1;

    /// <summary>Those that it names; what is wrong is told.</summary>
    public ImmutableArray<Who> Read(IConfigurationSection section, string place)
    {
        var all = ImmutableArray.CreateBuilder<Who>();
        int seen = 0;
        foreach ((string at, string text) in Sections.Texts(section, place, Wanted, errors))
        {
            seen++;
            if (ReadOne(text, at) is { } who)
            {
                all.Add(who);
            }
        }

        if (seen == 0)
        {
            errors.Add(place, Wanted);
        }

        return all.DrainToImmutable();
    }

    private Who? ReadOne(string text, string place)
    {
        if (text == "others")
        {
            return new Who.Others();
        }

        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? "" : text[(colon + 1)..];
        switch (colon < 0 || name.Length == 0 ? "" : text[..colon])
        {
            case "user" when Number(name) is { } uid:
                return new Who.User(uid, "");
            case "user" when accounts.FindUser(name) is { } uid:
                return new Who.User(uid, name);
            case "user":
                errors.Add(place, $"there is no user '{name}'");
                return null;
            case "group" when Number(name) is { } gid:
                return new Who.Group(gid, "");
            case "group" when accounts.FindGroup(name) is { } gid:
                return new Who.Group(gid, name);
            case "group":
                errors.Add(place, $"there is no group '{name}'");
                return null;
            case "uid":
                return ReadRange(name, place);
            default:
                errors.Add(place, $"'{text}' {Wanted}");
                return null;
        }
    }

    private Who.UidRange? ReadRange(string text, string place)
    {
        string[] ends = text.Split('-', 2);
        if (Number(ends[0]) is { } first && Number(ends[^1]) is { } last && first <= last)
        {
            return new Who.UidRange(first, last);
        }

        errors.Add(place, $"'{text}' is no range of uids: write 1000, or 1000-1999, up to {MaxId}");
        return null;
    }

    private static uint? Number(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) && number <= MaxId
            ? number
            : null;
}
