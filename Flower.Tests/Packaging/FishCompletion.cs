// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Text;

namespace Flower.Tests.Packaging;

/// <summary>What fish proposes after <c>flower</c>.</summary>
internal static class FishCompletion
{
    public static string Of(Command root)
    {
        var text = new StringBuilder("# Generated from the program: see CONTRIBUTING.md.\ncomplete -c flower -f\n");
        foreach (Command command in root.Subcommands)
        {
            Append(text, command, "__fish_use_subcommand", $"__fish_seen_subcommand_from {command.Name}");
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, Command command, string before, string after)
    {
        text.Append($"complete -c flower -n '{before}' -a {command.Name} -d '{Quote(Commands.Brief(command.Description))}'\n");
        string[] names = [.. command.Subcommands.Select(sub => sub.Name)];
        foreach (Command sub in command.Subcommands)
        {
            Append(
                text,
                sub,
                $"{after}; and not __fish_seen_subcommand_from {string.Join(' ', names)}",
                $"{after}; and __fish_seen_subcommand_from {sub.Name}");
        }

        foreach (Option option in Commands.OptionsOf(command))
        {
            text.Append($"complete -c flower -n '{after}'");
            foreach (string name in Commands.NamesOf(option))
            {
                text.Append(name.StartsWith("--", StringComparison.Ordinal) ? $" -l {name[2..]}" : $" -s {name[1..]}");
            }

            text.Append(Value(option)).Append($" -d '{Quote(Commands.Brief(option.Description))}'\n");
        }
    }

    private static string Value(Option option) => Commands.ValueOf(option) is null ? ""
        : Commands.ChoicesOf(option) is { Length: > 0 } choices ? $" -x -a '{string.Join(' ', choices)}'"
        : Commands.IsFile(option) ? " -r -F" : " -x";

    private static string Quote(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal);
}
