// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Ingress;

/// <summary><c>flower ingress</c>: brings connections from outside onto the board.</summary>
public sealed class IngressCommand : Command
{
    private readonly Argument<string> _address = new("ADDRESS")
    {
        Description = "Where to listen: 127.0.0.1:8080, [::]:80 (IPv4 as well), unix:/path. Port 0 takes a free one.",
    };

    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public IngressCommand()
        : base("ingress", "Accepts connections from outside and hands them to servers on the board:\n"
            + "  flower ingress accept 127.0.0.1:8080 program=web")
    {
        var accept = new Command("accept", "Listens on an address and hands each accepted socket to the server on the "
            + "board that matches the labels.\nThe server also sees address_family, client_address, client_port, "
            + "server_address and server_port:\n"
            + "  flower ingress accept 127.0.0.1:8080 program=web\n"
            + "  flower ingress accept unix:/run/web.sock program=web")
        {
            _address, _switchboard, _labels,
        };
        accept.SetRun(RunAsync, stopped: ExitCodes.Ok);
        Add(accept);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        LabelSet labels = _labels.Read(command);
        ListenAddress address = ListenAddress.Parse(command.GetValue(_address)!);
        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        using ListenSocket socket = ListenSocket.Open(address);
        using var acceptor = new Acceptor(handle, socket.Socket, labels);
        Tool.Say("flower ingress", $"listening on {socket.Name}");
        Notifier.Ready();
        await acceptor.RunAsync(cancellationToken);
        return ExitCodes.Ok;
    }
}
