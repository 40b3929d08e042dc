// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Switchboard.Attestation;

/// <summary>
/// A control group of version 2 (cgroups(7)), and the systemd units that its path names: as sd_pid_get_unit(3) and
/// sd_pid_get_user_unit(3) see it. Pure.
/// </summary>
/// <remarks>
/// Whoever a control group was delegated to names what is below it. So a unit is read from the top: the first part that
/// is no slice. What follows a user's manager there is that user's word, and only as good as the uid beside it.
/// </remarks>
/// <param name="Path">From the root of the hierarchy as the switchboard sees it.</param>
internal sealed record ControlGroup(string Path)
{
    private const int MaxUnitLength = 255;

    // Those that have processes of their own.
    private static readonly string[] UnitTypes = [".service", ".scope", ".socket", ".mount", ".swap"];

    /// <summary>The unit of the system's manager; null: there is none.</summary>
    public string? Unit => UnitAfterSlices(Path);

    /// <summary>The unit of a user's own manager, below <c>user@UID.service</c>; null: there is none.</summary>
    public string? UserUnit =>
        SkipSlices(Path, out string part) is { } rest && (IsUserManager(part) || IsLoginSession(part))
            ? UnitAfterSlices(rest)
            : null;

    /// <summary>
    /// Reads a <c>/proc/PID/cgroup</c>, whose line of version 2 begins with <c>0::</c>; null: it has none.
    /// </summary>
    public static ControlGroup? Parse(string file)
    {
        foreach (ReadOnlySpan<char> line in file.AsSpan().EnumerateLines())
        {
            if (line.StartsWith("0::/", StringComparison.Ordinal))
            {
                return new(line[3..].ToString());
            }
        }

        return null;
    }

    private static string? UnitAfterSlices(string path) =>
        SkipSlices(path, out string part) is not null && Unescape(part) is var name && IsUnit(name) ? name : null;

    // The first part that is no slice, and what follows it; null: there is no such part.
    private static string? SkipSlices(string path, out string part)
    {
        string rest = path;
        while ((rest = rest.TrimStart('/')).Length > 0)
        {
            int end = rest.IndexOf('/', StringComparison.Ordinal);
            part = end < 0 ? rest : rest[..end];
            rest = end < 0 ? "" : rest[end..];
            if (!IsSlice(Unescape(part)))
            {
                return rest;
            }
        }

        part = "";
        return null;
    }

    // systemd puts a '_' before a name that the kernel's own files could have.
    private static string Unescape(string part) => part.StartsWith('_') ? part[1..] : part;

    private static bool IsSlice(string name) =>
        name.EndsWith(".slice", StringComparison.Ordinal) && name.Length > ".slice".Length && IsNamed(name, "@");

    private static bool IsUnit(string name) =>
        name.Length <= MaxUnitLength
        && Array.Find(UnitTypes, type => name.EndsWith(type, StringComparison.Ordinal)) is { } type
        && name[..^type.Length] is { Length: > 0 } stem
        && stem[0] != '@'
        && stem[^1] != '@' // a template, of which nothing runs
        && IsNamed(name, "");

    // The characters that a unit's name may have: systemd.unit(5).
    private static bool IsNamed(string name, string besides) => name.All(
        c => char.IsAsciiLetterOrDigit(c) || (":-_.\\@".Contains(c, StringComparison.Ordinal)
            && !besides.Contains(c, StringComparison.Ordinal)));

    private static bool IsUserManager(string part) => IsNumbered(part, "user@", ".service");

    private static bool IsLoginSession(string part) =>
        part.StartsWith("session-", StringComparison.Ordinal) && part.EndsWith(".scope", StringComparison.Ordinal)
        && part.Length > "session-.scope".Length;

    private static bool IsNumbered(string part, string before, string after) =>
        part.StartsWith(before, StringComparison.Ordinal) && part.EndsWith(after, StringComparison.Ordinal)
        && part.Length > before.Length + after.Length
        && uint.TryParse(
            part[before.Length..^after.Length], NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
