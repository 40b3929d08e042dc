// SPDX-License-Identifier: BSD-2-Clause
using System.Text.RegularExpressions;

namespace Flower.Tests.Documentation;

/// <summary>
/// A page of Markdown with steps. Its convention, for readers, is in docs/testing.md: blocks of the kind <c>console</c>
/// are a terminal, the one that was last named in bold (<c>**Terminal 2**</c>), and 1 to begin with.
/// </summary>
internal sealed partial record Page(string Name, IReadOnlyList<string> Needs, IReadOnlyList<Step> Steps)
{
    private const string Fence = "```";

    public static Page Read(string name, string text)
    {
        var needs = new List<string>();
        var steps = new List<Step>();
        string paragraph = "";
        int terminal = 1;
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith(Fence, StringComparison.Ordinal))
            {
                // The paragraph right before a block says what becomes of it; a blank line between them is no other one.
                bool begins = i == 0 || lines[i - 1].Length == 0 || lines[i - 1].StartsWith(Fence, StringComparison.Ordinal);
                paragraph = lines[i].Length == 0 ? paragraph : begins ? lines[i] : paragraph + " " + lines[i];
                if (lines[i].Length != 0 && (i + 1 == lines.Length || lines[i + 1].Length == 0))
                {
                    terminal = TerminalName().Matches(paragraph).LastOrDefault() is { } named
                        ? int.Parse(named.Groups[1].ValueSpan) : terminal;
                    needs.AddRange(Needed(paragraph));
                }

                continue;
            }

            int end = Array.IndexOf(lines, Fence, i + 1);
            if (end < 0)
            {
                throw new FormatException($"{name}:{i + 1}: this block has no end");
            }

            ArraySegment<string> block = new(lines, i + 1, end - i - 1);
            if (lines[i] == Fence + "console")
            {
                steps.AddRange(Terminal(block, i + 2, terminal));
            }
            else if (SavedAs().Match(paragraph) is { Success: true } saved)
            {
                steps.Add(new(i + 1, terminal, StepKind.File, saved.Groups[1].Value, [.. block], EndsBlock: true));
            }

            i = end;
            paragraph = "";
        }

        return new(name, needs, steps);
    }

    private static List<Step> Terminal(ArraySegment<string> block, int line, int terminal)
    {
        var steps = new List<Step>();
        var shown = new List<string>();
        StepKind kind = StepKind.Look;
        string text = "";
        int begin = line;
        for (int i = 0; i <= block.Count; i++)
        {
            (StepKind Kind, string Text)? next = i < block.Count ? Doing(block[i]) : null;
            if (i < block.Count && next is null)
            {
                shown.Add(block[i]);
                continue;
            }

            if (kind != StepKind.Look || shown.Count != 0)
            {
                steps.Add(new(begin, terminal, kind, text, [.. shown], i == block.Count));
            }

            (kind, text) = next ?? default;
            begin = line + i;
            shown.Clear();
        }

        return steps;
    }

    private static (StepKind Kind, string Text)? Doing(string line) => line switch
    {
        "^C" or "^D" => (StepKind.Key, line),
        ">" => (StepKind.Typed, ""),
        _ when line.StartsWith("$ ", StringComparison.Ordinal) => (StepKind.Command, line[2..]),
        _ when line.StartsWith("> ", StringComparison.Ordinal) => (StepKind.Typed, line[2..]),
        _ => null,
    };

    // "You need `curl` and `psql`."
    private static IEnumerable<string> Needed(string paragraph) =>
        paragraph.StartsWith("You need", StringComparison.Ordinal)
            ? Quoted().Matches(paragraph).Select(word => word.Groups[1].Value) : [];

    [GeneratedRegex(@"\*\*Terminal ([1-9])\b")]
    private static partial Regex TerminalName();

    [GeneratedRegex("[Ss]ave this as `(~/[^`]+)`")]
    private static partial Regex SavedAs();

    [GeneratedRegex("`([a-z0-9_.-]+)`")]
    private static partial Regex Quoted();
}
