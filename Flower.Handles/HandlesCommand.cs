// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;

namespace Flower.Handles;

/// <summary><c>flower handles</c>: the live handles that may be revoked.</summary>
public sealed class HandlesCommand : Command
{
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one line of JSON a handle, and then a connection. The default when standard output is not a "
            + "terminal.",
    };

    private readonly SwitchboardOption _switchboard = new();

    /// <summary>The command.</summary>
    public HandlesCommand()
        : base("handles", "Shows the live handles that you may revoke, as a tree: each below the one that it was made from.\n"
            + "Then the connections that you may revoke, which were made with --revocable.\n"
            + "Over an inherited handle these are the ones that were made from it; over a path, those of your user; for\n"
            + "root and the switchboard's own user, all.\n"
            + "  flower handles\n"
            + "  flower handles | jq 'select(.maker.uid == 1000)'")
    {
        Add(_json);
        Add(_switchboard);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        if (command.GetValue(_json) || Console.IsOutputRedirected)
        {
            await HandleLines.PrintAsync(handle, cancellationToken);
        }
        else
        {
            await HandleTable.PrintAsync(handle, cancellationToken);
        }

        return ExitCodes.Ok;
    }
}
