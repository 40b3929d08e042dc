// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;

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
    /// <param name="root">All commands.</param>
    /// <param name="args">The command line.</param>
    /// <param name="overview">Which commands there are, in a few lines: also said to who names none.</param>
    public static async Task<int> RunAsync(RootCommand root, string[] args, string? overview = null)
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
        Tool.Say(Tool.NameOf(command), $"{UsageError.Words(result)} (see {UsageError.PathOf(result.CommandResult)} --help)");
        if (overview is not null && command is RootCommand && result.UnmatchedTokens.Count == 0)
        {
            Console.Error.WriteLine(overview);
        }

        return ExitCodes.Usage;
    }
}
