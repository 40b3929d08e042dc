// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.CommandLine.Parsing;
using Flower.Protocol;

namespace Flower.CommandLine;

/// <summary>What somebody may have meant who mistyped a command or an option.</summary>
public static class Suggestion
{
    // What is further away, or as far as it is long, was hardly meant.
    private const int MaxDistance = 2;

    // What other programs have, or what is the contrary of a command here.
    private static readonly Dictionary<string, string> Meant = new(StringComparer.Ordinal)
    {
        ["help"] = "--help",
        ["version"] = "--version",
        ["list"] = "ls",
        ["start"] = "switchboard",
        ["undrain"] = "drain --undo",
        ["nc"] = "cat",
    };

    /// <summary><c>; did you mean 'NAME'?</c> with the nearest name, or nothing.</summary>
    /// <param name="word">As it was written; an option with its dashes.</param>
    /// <param name="command">For which command it was.</param>
    public static string For(string word, CommandResult command)
    {
        ArgumentNullException.ThrowIfNull(word);
        ArgumentNullException.ThrowIfNull(command);
        if (Meant.TryGetValue(word, out string? meant) && command.Command is RootCommand)
        {
            return $"; did you mean '{meant}'?";
        }

        string name = word.Split('=', ':')[0];
        IEnumerable<string> known = word.StartsWith('-')
            ? OptionsOf(command)
            : command.Command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name);
        return (Nearest(name, known) ?? Begun(name, known)) is string near ? $"; did you mean '{near}'?" : "";
    }

    /// <summary>What is said of a word that was meant as an option, where other words may stand.</summary>
    /// <param name="option">The word, with its dashes.</param>
    /// <param name="command">For which command it was; null: for none.</param>
    public static string NoSuchOption(string option, CommandResult? command) =>
        $"there is no option '{LabelRules.Printable(option)}'{(command is null ? "" : For(option, command))} (see --help)";

    /// <summary>The known name that is a slip or two away; null: none is.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(word);
        ArgumentNullException.ThrowIfNull(known);
        (string Name, int Distance)[] near = [.. known
            .Select(name => (Name: name, Distance: Distance(word, name)))
            .Where(candidate => candidate.Distance <= Math.Min(MaxDistance, (word.TrimStart('-').Length - 1) / 2))
            .OrderBy(candidate => candidate.Distance).ThenBy(candidate => candidate.Name, StringComparer.Ordinal)];
        return near.Length == 0 ? null : near[0].Name;
    }

    // The only known name that begins so: what is left out at the end is no slip.
    private static string? Begun(string name, IEnumerable<string> known)
    {
        string[] found = name.TrimStart('-').Length < 2
            ? []
            : [.. known.Where(longer => longer.StartsWith(name, StringComparison.Ordinal)).Take(2)];
        return found.Length == 1 ? found[0] : null;
    }

    private static IEnumerable<string> OptionsOf(CommandResult command)
    {
        for (SymbolResult? at = command; at is not null; at = at.Parent)
        {
            if (at is CommandResult { Command: Command owner })
            {
                foreach (Option option in owner.Options.Where(o => !o.Hidden && (at == command || o.Recursive)))
                {
                    yield return option.Name;
                }
            }
        }
    }

    // How many characters are to be added, left out, replaced, or swapped with the next one.
    private static int Distance(string one, string other)
    {
        if (Math.Abs(one.Length - other.Length) > MaxDistance)
        {
            return int.MaxValue;
        }

        int[,] cost = new int[one.Length + 1, other.Length + 1];
        for (int i = 0; i <= one.Length; i++)
        {
            for (int j = 0; j <= other.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }

                int replaced = cost[i - 1, j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
                cost[i, j] = Math.Min(replaced, Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1);
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[one.Length, other.Length];
    }
}
