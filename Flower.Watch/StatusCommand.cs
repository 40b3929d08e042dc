// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;

namespace Flower.Watch;

/// <summary><c>flower status</c>: figures about the switchboard.</summary>
public sealed class StatusCommand : Command
{
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one line of JSON. The default when standard output is not a terminal.",
    };

    private readonly SwitchboardOption _switchboard = new();

    /// <summary>The command.</summary>
    public StatusCommand()
        : base("status", "Prints one screen about the switchboard: version, sockets, counts, connects each second, quotas near\n"
            + "their limit, and the calls that were refused last. Needs the right LIST.\n"
            + "  flower status\n"
            + "  flower status | jq .connects")
    {
        Add(_json);
        Add(_switchboard);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        BoardStats stats = await handle.StatsAsync(cancellationToken);
        if (command.GetValue(_json) || Console.IsOutputRedirected)
        {
            StatusLine.Print(stats);
        }
        else
        {
            StatusText.Print(stats);
        }

        return ExitCodes.Ok;
    }
}
