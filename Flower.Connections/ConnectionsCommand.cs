// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Spectre.Console;

namespace Flower.Connections;

/// <summary><c>flower connections</c>: the open connections.</summary>
public sealed class ConnectionsCommand : Command
{
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one line of JSON a connection. The default when standard output is not a terminal.",
    };

    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public ConnectionsCommand()
        : base("connections", "Shows the open connections whose labels, of either side, do not contradict the given ones:\n"
            + "who talks to whom, since when, and how many bytes wait in each direction; of TCP also what the\n"
            + "kernel measures. The switchboard tells which there are, and is not in their path.\n"
            + "  flower connections\n"
            + "  flower connections +program=web\n"
            + "  flower connections | jq 'select(.bytes_to_target > 0)'")
    {
        Add(_json);
        Add(_switchboard);
        Add(_labels);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        IReadOnlyList<ObservedConnection> connections =
            await new Observer(handle, _labels.Read(command)).LookAsync(cancellationToken);
        if (command.GetValue(_json) || Console.IsOutputRedirected)
        {
            using Stream output = Console.OpenStandardOutput();
            ConnectionLines.Print(output, connections);
        }
        else if (connections.Count == 0)
        {
            Console.WriteLine("no connections");
        }
        else
        {
            AnsiConsole.Write(ConnectionTable.Make(connections));
        }

        if (UnseenNotice.For(connections) is string notice)
        {
            Tool.Say(Tool.NameOf(this), notice);
        }

        return ExitCodes.Ok;
    }
}
