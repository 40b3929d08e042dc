// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Text;
using System.Text.RegularExpressions;

namespace Flower.Tests.Packaging;

/// <summary>The section OPTIONS of a manual page, in the language of man(7).</summary>
internal static partial class OptionsSection
{
    public const string Begin = ".\\\" Generated from the program: see CONTRIBUTING.md.\n";
    public const string End = ".\\\" End of what is generated.\n";

    private const int Width = 100;

    /// <summary>The section of a command and of those below it.</summary>
    public static string Of(Command top)
    {
        (string Path, Command Command)[] commands =
            top.Subcommands.Count == 0 ? [(top.Name, top)] : [.. Commands.Leaves(top, top.Name + " ")];
        var text = new StringBuilder(Begin);
        foreach ((string path, Command command) in commands)
        {
            if (commands.Length > 1)
            {
                text.Append($".SS \"flower {Escape(path)}\"\n");
            }

            foreach (Argument argument in command.Arguments)
            {
                Append(text, $"\\fI{Escape(argument.HelpName ?? argument.Name)}\\fR", Sentences(argument.Description));
            }

            foreach (Option option in Commands.OptionsOf(command))
            {
                Append(text, Head(option), Sentences(Commands.TextOf(option)));
            }
        }

        return text.Append(End).ToString();
    }

    private static string Head(Option option)
    {
        string names = string.Join(", ", Commands.NamesOf(option).Select(name => $"\\fB{Escape(name)}\\fR"));
        return Commands.ValueOf(option) is { } value ? $"{names} \\fI{Escape(value)}\\fR" : names;
    }

    private static void Append(StringBuilder text, string head, IEnumerable<string> lines)
    {
        text.Append(".TP\n").Append(head).Append('\n');
        foreach (string line in lines)
        {
            // A line that begins with one of these would be a request.
            text.Append(line[0] is '.' or '\'' ? "\\&" : "").Append(line).Append('\n');
        }
    }

    // A new line for each sentence, as the language wants it, and for what would be too long.
    private static IEnumerable<string> Sentences(string? description)
    {
        foreach (string sentence in EndOfSentence().Split((description ?? "").ReplaceLineEndings(" ").Trim().TrimEnd('.') + "."))
        {
            string line = "";
            foreach (string word in sentence.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Escape))
            {
                if (line.Length > 0 && line.Length + word.Length >= Width)
                {
                    yield return line;
                    line = "";
                }

                line += line.Length == 0 ? word : " " + word;
            }

            yield return line;
        }
    }

    private static string Escape(string text) => Minus().Replace(
        text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("…", "...", StringComparison.Ordinal), "\\-")
        .Replace("'", "\\(aq", StringComparison.Ordinal);

    [GeneratedRegex(@"(?<=[.;:])\s+(?=[A-Z])")]
    private static partial Regex EndOfSentence();

    // Of an option, as opposed to the hyphen within a word.
    [GeneratedRegex("(?<![A-Za-z0-9])-|(?<=-[a-z]+)-")]
    private static partial Regex Minus();
}
