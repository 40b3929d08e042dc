// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Targets;

/// <summary><c>flower drain</c>: servers get no new connections, until it is undone.</summary>
public sealed class DrainCommand : Command
{
    private readonly Option<bool> _undo = new("--undo")
    {
        Description = "They get connections again, unless they say themselves that they drain.",
    };

    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public DrainCommand()
        : base("drain", "Lets the servers and egresses that have all of these labels get no new connections, whatever\n"
            + "they say themselves, until it is undone or they end. Connections that they have are left alone. For\n"
            + "those that you registered, or could end by flower revoke. '{}' as LABELS means all of them.\n"
            + "  flower drain service=www instance=3\n"
            + "  flower drain --undo service=www")
    {
        Add(_undo);
        Add(_switchboard);
        Add(_labels);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        if ((command.GetValue(_labels) ?? []).Length == 0)
        {
            throw new ToolException(ExitCodes.Usage, "say which: give labels, or '{}' for all");
        }

        LabelSet labels = _labels.Read(command);
        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        if (command.GetValue(_undo))
        {
            int back = await handle.ResetTargetsAsync(labels, weight: false, draining: true, cancellationToken);
            Console.WriteLine($"{Count.Of(back, "drains", "drain")} no longer, but for what drains by itself");
            return ExitCodes.Ok;
        }

        int count = await handle.UpdateTargetsAsync(labels, draining: true, cancellationToken: cancellationToken);
        Console.WriteLine(Count.Of(count, "drains", "drain"));
        return ExitCodes.Ok;
    }
}
