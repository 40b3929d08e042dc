// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Threading.Channels;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Grpc.Core;

namespace Flower.Cat;

/// <summary><c>flower cat</c>: standard input and output to a connection, as one uses nc.</summary>
public sealed class CatCommand : Command
{
    private const int MaxQueued = 128;

    private readonly Option<bool> _listen =
        new("--listen", "-l") { Description = "Register a server and take a connection." };

    private readonly Option<bool> _keep = new("--keep-listening", "-k")
    {
        Description = "Take one connection after another; up to 128 wait. Implies --listen.",
    };

    private readonly Option<bool> _verbose = new("--verbose", "-v")
    {
        Description = "Print the labels of each connection, and who stands behind each, on standard error.",
    };

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one line of JSON about each connection on standard error.",
    };

    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public CatCommand()
        : base("cat", "Pipes standard input and output through a connection on the board.\n"
            + "One side listens, the other connects with labels that do not contradict:\n"
            + "  flower cat -l program=copy >copy.tar\n"
            + "  flower cat program=copy <some.tar")
    {
        Add(_listen);
        Add(_keep);
        Add(_verbose);
        Add(_json);
        Add(_switchboard);
        Add(_labels);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        LabelSet labels = _labels.Read(command);
        var report = new ConnectionReport(command.GetValue(_verbose), command.GetValue(_json));
        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        if (command.GetValue(_keep))
        {
            await ServeAllAsync(handle, labels, report, cancellationToken);
        }
        else
        {
            using Connection connection = command.GetValue(_listen)
                ? await TakeOneAsync(handle, labels, cancellationToken)
                : await handle.ConnectAsync(labels, null, cancellationToken);
            report.Print(connection.Labels);
            await DataPath.RunAsync(connection.Socket, new StandardInput(), cancellationToken);
        }

        return ExitCodes.Ok;
    }

    // The registration ends before the connection is served: others go elsewhere, instead of waiting here in vain.
    private static async Task<Connection> TakeOneAsync(
        Handle handle, LabelSet labels, CancellationToken cancellationToken)
    {
        await using Listener listener =
            await handle.ListenAsync(labels, new() { Credit = 0 }, cancellationToken);
        Notifier.Ready();
        await foreach (IncomingConnection incoming in listener.WithCancellation(cancellationToken))
        {
            if (await TryAcceptAsync(incoming, cancellationToken) is { } connection)
            {
                return connection;
            }
        }

        throw new OperationCanceledException(cancellationToken);
    }

    private static async Task ServeAllAsync(
        Handle handle, LabelSet labels, ConnectionReport report, CancellationToken cancellationToken)
    {
        await using Listener listener = await handle.ListenAsync(labels, null, cancellationToken);
        Notifier.Ready();
        var queue = Channel.CreateBounded<Connection>(MaxQueued);
        Task accepting = AcceptAllAsync(listener, queue, cancellationToken);
        var input = new StandardInput();
        try
        {
            await foreach (Connection connection in queue.Reader.ReadAllAsync(cancellationToken))
            {
                using (connection)
                {
                    report.Print(connection.Labels);
                    await DataPath.RunAsync(connection.Socket, input, cancellationToken);
                }
            }
        }
        finally
        {
            // Ends the acceptor, then frees those who still stood in the queue.
            await listener.DisposeAsync();
            await accepting;
            while (queue.Reader.TryRead(out Connection? waiting))
            {
                waiting.Dispose();
            }
        }
    }

    // Never faults: the reason is what the reader of the queue sees after the last connection.
    private static async Task AcceptAllAsync(
        Listener listener, Channel<Connection> queue, CancellationToken cancellationToken)
    {
        Exception? why = null;
        try
        {
            await foreach (IncomingConnection incoming in listener.WithCancellation(cancellationToken))
            {
                if (queue.Reader.Count >= MaxQueued)
                {
                    await TryRejectAsync(incoming, cancellationToken);
                }
                else if (await TryAcceptAsync(incoming, cancellationToken) is { } connection
                    && !queue.Writer.TryWrite(connection))
                {
                    connection.Dispose();
                }
            }
        }
        catch (Exception e) when (e is FlowerException or OperationCanceledException)
        {
            why = e;
        }

        queue.Writer.Complete(why);
    }

    private static async Task<Connection?> TryAcceptAsync(
        IncomingConnection incoming, CancellationToken cancellationToken)
    {
        try
        {
            return await incoming.AcceptAsync(cancellationToken);
        }
        catch (FlowerException e) when (e.StatusCode == StatusCode.Cancelled)
        {
            // This client did not wait; the next one may.
            return null;
        }
    }

    private static async Task TryRejectAsync(IncomingConnection incoming, CancellationToken cancellationToken)
    {
        try
        {
            await incoming.RejectAsync("busy", cancellationToken);
        }
        catch (FlowerException e) when (e.StatusCode == StatusCode.Cancelled)
        {
            // Gone by itself.
        }
    }
}
