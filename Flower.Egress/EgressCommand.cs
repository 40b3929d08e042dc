// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Egress;

/// <summary><c>flower egress</c>: makes outgoing connections for clients on the board.</summary>
public sealed class EgressCommand : Command
{
    private const string AddressFamily = "address_family";

    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public EgressCommand()
        : base("egress", "Makes outgoing connections for clients on the board:\n"
            + "  flower egress connect network=office")
    {
        var connect = new Command("connect", "Registers an egress, which connects to where a client's labels say: "
            + "address_family inet or inet6 with server_address and server_port, or unix with server_path.\n"
            + "Addresses and ports are numeric:\n"
            + "  flower egress connect network=office\n"
            + "  flower cat network=office address_family=inet server_address=127.0.0.1 server_port=5432")
        {
            _switchboard, _labels,
        };
        connect.SetRun(RunAsync, stopped: ExitCodes.Ok);
        Add(connect);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        LabelSet given = _labels.Read(command);
        var labels = LabelSet.Create(given.Labels, given.RequiredKeys.Union([AddressFamily], StringComparer.Ordinal));
        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        await using Client.Egress egress = await handle.StartEgressAsync(labels, null, cancellationToken);
        Tool.Say("flower egress", $"registered {labels}");
        Notifier.Ready();
        using var connector = new Connector();
        await connector.RunAsync(egress, cancellationToken);
        return ExitCodes.Ok;
    }
}
