// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Net.Sockets;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Benchmarks;

/// <summary>
/// Clients that connect as fast as they can, whether or not they are refused, until the process is ended; with <c>--unread</c>,
/// without ever reading an answer; with <c>--registering</c>, clients that register servers and end them instead.
/// </summary>
internal sealed class FloodRole : Command
{
    private readonly Argument<string> _socket = new("socket");
    private readonly Argument<int> _clients = new("clients");
    private readonly Option<bool> _unread = new("--unread");
    private readonly Option<bool> _registering = new("--registering");

    public FloodRole()
        : base("flooding", "Clients that flood, for the other commands.")
    {
        Hidden = true;
        Add(_socket);
        Add(_clients);
        Add(_unread);
        Add(_registering);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        string socket = command.GetValue(_socket)!;
        Func<int, Task> flood = command.GetValue(_unread)
            ? _ => Task.Run(() => FloodUnread(socket, cancellationToken), cancellationToken)
            : command.GetValue(_registering)
                ? client => RegisterAsync(socket, client, cancellationToken)
                : _ => FloodAsync(socket, cancellationToken);
        Task[] clients = [.. Enumerable.Range(0, command.GetValue(_clients)).Select(flood)];
        Console.WriteLine("ready");
        await Task.WhenAll(clients);
        return ExitCodes.Ok;
    }

    private static async Task FloodAsync(string socket, CancellationToken cancellationToken)
    {
        await using Handle handle = await Handle.OpenAsync(socket, cancellationToken: cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                (await handle.ConnectAsync(ServerRole.Labels, null, cancellationToken).ConfigureAwait(false)).Dispose();
            }
            catch (FlowerException e) when (e.StatusCode == StatusCode.ResourceExhausted)
            {
                // That is what is measured: how much it costs the others.
            }
        }
    }

    private static async Task RegisterAsync(string socket, int client, CancellationToken cancellationToken)
    {
        await using Handle handle = await Handle.OpenAsync(socket, cancellationToken: cancellationToken);
        LabelSet labels = LabelSet.ParseWords([$"program=flood{client}"]);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                Listener listener = await handle.ListenAsync(labels, null, cancellationToken).ConfigureAwait(false);
                await listener.DisposeAsync().ConfigureAwait(false);
            }
            catch (FlowerException e) when (e.StatusCode is StatusCode.ResourceExhausted or StatusCode.FailedPrecondition)
            {
                // Refused, or the one before has not ended yet.
            }
        }
    }

    // What they are sent waits for them until the switchboard ends their session: then they open another one.
    private static void FloodUnread(string socket, CancellationToken cancellationToken)
    {
        var request = new ClientConnectRequest { Labels = ServerRole.Labels.ToMessage() };
        while (!cancellationToken.IsCancellationRequested)
        {
            using var session = new Socket(UnixSocket.ConnectPackets(socket).ToSocketHandle());
            try
            {
                for (uint call = 1; !cancellationToken.IsCancellationRequested; call++)
                {
                    var packet = new Packet
                    {
                        Frames =
                        {
                            new Frame { CallId = call, Start = new() { Method = "/flower.v1.Switchboard/ClientConnect" } },
                            new Frame { CallId = call, Message = request.ToByteString() },
                            new Frame { CallId = call, HalfClose = new() },
                        },
                    };
                    session.Send(packet.ToByteArray());
                }
            }
            catch (SocketException)
            {
                // Ended by the switchboard.
            }
        }
    }
}
