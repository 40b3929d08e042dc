// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;

namespace Flower.CommandLine;

/// <summary>Where the switchboard is: <c>--switchboard ADDRESS</c>.</summary>
public sealed class SwitchboardOption : Option<string?>
{
    /// <summary>The option, which is the same for every tool.</summary>
    public SwitchboardOption()
        : base("--switchboard")
    {
        HelpName = "ADDRESS";
        Description = "Where the switchboard is: unix:/path or fd:N. Default: $FLOWER_SWITCHBOARD, else "
            + "$XDG_RUNTIME_DIR/flower/switchboard.sock, for root " + SwitchboardAddress.SystemPath;
    }

    /// <summary>Opens the handle that the command line names.</summary>
    /// <exception cref="FlowerException">There is no switchboard, or no permission to open it.</exception>
    public Task<Handle> OpenAsync(ParseResult command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Handle.OpenAsync(command.GetValue(this), cancellationToken: cancellationToken);
    }

    /// <summary>
    /// The same, for a tool that stays: a switchboard that goes away is waited for without end, with a line when it has
    /// gone and one when it is back.
    /// </summary>
    /// <param name="command">The command line.</param>
    /// <param name="name">The full name of the tool.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">There is no switchboard now, or no permission to open it.</exception>
    public Task<Handle> OpenToStayAsync(ParseResult command, string name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        var options = new HandleOptions
        {
            Reconnect = Timeout.InfiniteTimeSpan,
            Observer = happened => Tool.Say(
                name,
                happened == HandleEvent.Lost
                    ? "the switchboard has gone: waiting for it"
                    : "the switchboard is back"),
        };
        return Handle.OpenAsync(command.GetValue(this), options, cancellationToken);
    }
}
