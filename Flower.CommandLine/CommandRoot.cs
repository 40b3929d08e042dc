// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.CommandLine.Parsing;

namespace Flower.CommandLine;

/// <summary>Runs the command line of the whole program.</summary>
public static class CommandRoot
{
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null };

    private static readonly InvocationConfiguration Invocation = new()
    {
        // Each tool turns SIGINT and SIGTERM and its failures into an exit code by itself.
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null,
    };

    /// <summary>Parses and runs. A command line that is wrong is one line on standard error and exit code 64.</summary>
    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        ArgumentNullException.ThrowIfNull(root);
        ParseResult result = root.Parse(args, Parsing);
        if (result.Action is not System.CommandLine.Invocation.ParseErrorAction)
        {
            try
            {
                return await result.InvokeAsync(Invocation);
            }
            catch (IOException e)
            {
                // Tools handle their own failures; this is help or completion that could not be written.
                Tool.Say("flower", e.Message);
                return ExitCodes.Failed;
            }
        }

        Command command = result.CommandResult.Command;
        string help = string.Join(' ', Path(result.CommandResult).Append("--help"));
        Tool.Say(Tool.NameOf(command), $"{Words(result)} (see {help})");
        return ExitCodes.Usage;
    }

    private static string Words(ParseResult result) =>
        result.CommandResult.Command is { Action: null, Subcommands.Count: > 0 } && result.UnmatchedTokens.Count == 0
        || result.Errors.Count == 0
            ? "a subcommand is missing"
            : result.Errors[^1].Message.TrimEnd('.')
                + (result.UnmatchedTokens.Count > 0 ? Suggestion.For(result.UnmatchedTokens[0], result.CommandResult) : "");

    private static IEnumerable<string> Path(CommandResult result)
    {
        IEnumerable<string> above = result.Parent is CommandResult parent ? Path(parent) : [];
        return above.Append(result.Command is RootCommand ? "flower" : result.Command.Name);
    }
}
