// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Text;

namespace Flower.Tests.Packaging;

/// <summary>What bash proposes after <c>flower</c>.</summary>
internal static class BashCompletion
{
    public static string Of(Command root)
    {
        (string Path, Command Command)[] commands = [.. All(root, "")];
        string[] below = [.. commands.Select(entry => entry.Path).Where(path => path.Length > 0)];
        var text = new StringBuilder($$"""
            # bash completion for flower(1). Generated from the program: see CONTRIBUTING.md.

            _flower() {
                local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path='' words='' i
                COMPREPLY=()
                for ((i = 1; i < COMP_CWORD; i++)); do
                    if [[ ${COMP_WORDS[i]} == -- ]]; then
                        # What follows is a command of its own.
                        mapfile -t COMPREPLY < <(compgen -c -- "$word")
                        return
                    fi
                    case "$path/${COMP_WORDS[i]}" in
                        {{string.Join(" | \\\n            ", below)}})
                            path+=/${COMP_WORDS[i]}
                            ;;
                    esac
                done
                case "$path $previous" in

            """);
        foreach ((string path, Command command) in commands)
        {
            foreach (Option option in Commands.OptionsOf(command).Where(option => Commands.ValueOf(option) is not null))
            {
                string names = string.Join(" | ", Commands.NamesOf(option).Select(name => $"'{path} {name}'"));
                text.Append($"        {names}) words='{string.Join(' ', Commands.ChoicesOf(option))}' ;;\n");
            }
        }

        text.Append("        *)\n            case $path in\n");
        foreach ((string path, Command command) in commands)
        {
            string words = string.Join(
                ' ', command.Subcommands.Select(sub => sub.Name)
                    .Concat(Commands.OptionsOf(command).SelectMany(Commands.NamesOf)).Append("--help"));
            text.Append($"                '{path}') words='{words}' ;;\n");
        }

        return text.Append("""
                        esac
                        ;;
                esac
                # Where there is nothing to propose, files are (-o default).
                mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
            }

            complete -o default -F _flower flower

            """).ToString();
    }

    private static IEnumerable<(string Path, Command Command)> All(Command command, string path) =>
        command.Subcommands.SelectMany(sub => All(sub, $"{path}/{sub.Name}")).Prepend((path, command));
}
