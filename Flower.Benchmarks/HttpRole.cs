// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Benchmarks;

/// <summary>
/// <c>http</c>: a small HTTP server for <c>edges.sh</c>, which takes its connections either from a listening socket of
/// its own or from a switchboard. What is done with a connection is the same code on the same one thread.
/// </summary>
internal sealed class HttpRole : Command
{
    private const int Backlog = 4096;

    private readonly Option<string?> _listen = new("--listen")
    {
        HelpName = "ADDRESS:PORT",
        Description = "Accept connections here. Default: none",
    };

    private readonly Option<string?> _board = new("--board")
    {
        HelpName = "PATH",
        Description = "Take connections from the switchboard at this socket, under the labels given. Default: none",
    };

    private readonly LabelsArgument _labels = new();

    public HttpRole()
        : base("http", "Answers every request with the same few bytes; for edges.sh.")
    {
        Add(_listen);
        Add(_board);
        Add(_labels);
        this.SetRun(RunAsync, stopped: ExitCodes.Ok);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        using var loop = new EventLoop("http", null);
        if (command.GetValue(_listen) is { } address)
        {
            using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(IPEndPoint.Parse(address));
            listener.Listen(Backlog);
            using Descriptor descriptor = Descriptor.FromSocket(listener);
            using EventLoop.Watch watch =
                loop.Add(descriptor, Readiness.Read, _ => Accept(loop, descriptor));
            Console.WriteLine("ready");
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        else
        {
            string board = command.GetValue(_board)
                ?? throw new ToolException(ExitCodes.Usage, "either --listen or --board must be given");
            await TakeAsync(board, _labels.Read(command), loop, cancellationToken);
        }

        return ExitCodes.Ok;
    }

    private static void Accept(EventLoop loop, Descriptor listener)
    {
        if (StreamSocket.TryAccept(listener, StreamSocket.NewName(), out _) is { } accepted)
        {
            HttpConnection.Serve(loop, accepted);
        }
    }

    // All of it on the loop's thread: the session lives there too.
    private static Task TakeAsync(
        string board, LabelSet labels, EventLoop loop, CancellationToken cancellationToken) => loop.Invoke(async () =>
        {
            await using Handle handle = await Handle.OpenAsync(board, cancellationToken: cancellationToken);
            await using Listener listener = await handle.ListenAsync(labels, null, cancellationToken);
            Console.WriteLine("ready");
            await foreach (IncomingConnection incoming in listener.WithCancellation(cancellationToken))
            {
                Connection connection = await incoming.AcceptAsync(cancellationToken);
                HttpConnection.Serve(loop, connection.TakeDescriptor());
            }
        });
}
