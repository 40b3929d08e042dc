// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Resolver.Dns;

/// <summary>Names of hosts, as they are asked for.</summary>
internal static class HostName
{
    private const int MaxLength = 253;
    private const int MaxLabelLength = 63;

    private static readonly IdnMapping Idn = new() { AllowUnassigned = false, UseStd3AsciiRules = false };

    /// <summary>
    /// The name in ASCII (RFC 5891) and small letters, without a dot at its end; null: there can be no such name.
    /// </summary>
    public static string? Normalize(string name)
    {
        string plain = name.EndsWith('.') ? name[..^1] : name;
        try
        {
            // IdnMapping folds the case of ASCII alone.
            string ascii = System.Text.Ascii.IsValid(plain) ? plain : Idn.GetAscii(plain.ToLowerInvariant());
            return IsGood(ascii) ? ascii.ToLowerInvariant() : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>
    /// The names that are asked for, one after another: one with a dot as it is and then in the search domains, one without
    /// in the search domains first; one that ends with a dot only as it is.
    /// </summary>
    public static IReadOnlyList<string> Candidates(string given, string normal, IReadOnlyList<string> search)
    {
        if (given.EndsWith('.'))
        {
            return [normal];
        }

        IEnumerable<string> found = search.Select(domain => $"{normal}.{domain}").Where(name => name.Length <= MaxLength);
        return normal.Contains('.', StringComparison.Ordinal) ? [normal, .. found] : [.. found, normal];
    }

    private static bool IsGood(string ascii) =>
        ascii.Length is > 0 and <= MaxLength
        && Array.TrueForAll(ascii.Split('.'), label =>
            label.Length is > 0 and <= MaxLabelLength
            && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
}
