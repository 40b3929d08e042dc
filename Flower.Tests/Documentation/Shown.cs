// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using System.Text.RegularExpressions;

namespace Flower.Tests.Documentation;

/// <summary>
/// Compares what a terminal printed with what a page shows. <c>...</c> stands for anything within a line and, alone, for
/// any number of lines. Blank lines, and how many blanks or dashes stand side by side, do not count: columns are as wide as
/// what is in them.
/// </summary>
internal static partial class Shown
{
    private const string Anything = "...";

    /// <summary>What a person reads of what was written to a terminal: without colours; each new place is a new line.</summary>
    public static string Clean(string raw)
    {
        string text = Control().Replace(Placed().Replace(raw, "\n").Replace("\r", "", StringComparison.Ordinal), "");
        return Gaps().Replace(Dashes().Replace(Blanks().Replace(text, " "), "─"), "\n");
    }

    /// <summary>Whether there is more to it than that anything may be printed.</summary>
    public static bool SaysAnything(IReadOnlyList<string> expected) => expected.Any(line => line.Trim() != Anything);

    /// <summary>Whether what was printed may go on in any way.</summary>
    public static bool IsOpen(IReadOnlyList<string> expected) => expected.Count != 0 && expected[^1].Trim() == Anything;

    /// <summary>How much of the text, which is clean, is what a page shows. Null: it is not, or not yet.</summary>
    public static int? Match(IReadOnlyList<string> expected, string text)
    {
        var pattern = new StringBuilder("^(?: ?\n)*");
        foreach (string line in expected.Select(line => Clean(line).Trim()).Where(line => line.Length != 0))
        {
            pattern.Append(line == Anything
                ? "(?:[^\n]*\n)*?"
                : " ?" + Regex.Escape(line).Replace(@"\.\.\.", "[^\n]*", StringComparison.Ordinal) + " ?\n+");
        }

        Match match = Regex.Match(text, pattern.ToString(), RegexOptions.CultureInvariant, TimeSpan.FromSeconds(10));
        return match.Success ? match.Length : null;
    }

    [GeneratedRegex(@"\x1b\[[0-9;]*[HfEd]")]
    private static partial Regex Placed();

    [GeneratedRegex(@"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]|\x1b[=>78]")]
    private static partial Regex Control();

    [GeneratedRegex("[ \t]+")]
    private static partial Regex Blanks();

    [GeneratedRegex("─+")]
    private static partial Regex Dashes();

    [GeneratedRegex("\n(?: ?\n)+")]
    private static partial Regex Gaps();
}
