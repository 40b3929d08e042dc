// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Text;

namespace Flower.Tests.Packaging;

/// <summary>What zsh proposes after <c>flower</c>.</summary>
internal static class ZshCompletion
{
    public static string Of(Command root)
    {
        var text = new StringBuilder("#compdef flower\n# Generated from the program: see CONTRIBUTING.md.\n");
        Append(text, root, "_flower");
        return text.Append("\n_flower \"$@\"\n").ToString();
    }

    private static void Append(StringBuilder text, Command command, string name)
    {
        text.Append($"\n{name}() {{\n");
        if (command.Subcommands.Count > 0)
        {
            AppendChoice(text, command, name);
        }
        else
        {
            text.Append("    _arguments -s -S");
            IEnumerable<string> specs = Commands.OptionsOf(command).SelectMany(Specs);
            foreach (string spec in specs.Concat(["'(-)--help[say what it does]'", "'*: :_default'"]))
            {
                text.Append(" \\\n        ").Append(spec);
            }

            text.Append('\n');
        }

        text.Append("}\n");
        foreach (Command sub in command.Subcommands)
        {
            Append(text, sub, $"{name}_{sub.Name}");
        }
    }

    private static void AppendChoice(StringBuilder text, Command command, string name)
    {
        text.Append("    local context state state_descr line\n    typeset -A opt_args\n    local -a commands\n    commands=(\n");
        foreach (Command sub in command.Subcommands)
        {
            text.Append($"        '{sub.Name}:{Quote(Commands.Brief(sub.Description))}'\n");
        }

        text.Append($$"""
                )
                _arguments -C '(-)--help[say what it does]' '1: :->command' '*:: :->argument'
                case $state in
                    command) _describe command commands ;;
                    argument) (( $+functions[{{name}}_$words[1]] )) && {{name}}_$words[1] ;;
                esac

            """);
    }

    private static IEnumerable<string> Specs(Option option)
    {
        string[] names = [.. Commands.NamesOf(option)];
        string others = string.Join(' ', names);
        bool isMany = option.Arity.MaximumNumberOfValues > 1;
        foreach (string name in names)
        {
            yield return $"'{(isMany ? "*" : $"({others})")}{name}[{Quote(Commands.Brief(option.Description))}]{Value(option)}'";
        }
    }

    private static string Value(Option option)
    {
        if (Commands.ValueOf(option) is not { } value)
        {
            return "";
        }

        string[] choices = Commands.ChoicesOf(option);
        string action = choices.Length > 0 ? $"({string.Join(' ', choices)})" : Commands.IsFile(option) ? "_files" : " ";
        return $":{(choices.Length > 0 ? "which" : Quote(value))}:{action}";
    }

    // Within single quotes, brackets and colons.
    private static string Quote(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "'\\''", StringComparison.Ordinal)
        .Replace("[", "\\[", StringComparison.Ordinal).Replace("]", "\\]", StringComparison.Ordinal)
        .Replace(":", "\\:", StringComparison.Ordinal);
}
