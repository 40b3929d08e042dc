// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Threading.Channels;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Rpc.Interop;
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

    private readonly DurationOption _timeout = new("--timeout", TimeSpan.Zero)
    {
        Aliases = { "-w" },
        Description = "How long connecting may take, and then how long nothing may move either way before the "
            + "connection is closed. A listener waits for its connection without end. Default: 0, without end.",
    };

    private readonly DurationOption _wait = new("--wait", TimeSpan.Zero)
    {
        Description = "Wait for so long for a matching server, one that has a label in common. For the side that connects. "
            + "Default: 0, fail at once when nothing matches.",
    };

    private readonly Option<string> _atEof = new Option<string>("--at-eof")
    {
        HelpName = "half-close|keep|quit",
        Description = "At the end of standard input: half-close tells the peer and goes on receiving (nc -N), keep "
            + "goes on without telling, quit ends the connection when all is sent (nc -q 0, ncat --send-only).",
        DefaultValueFactory = _ => "half-close",
    }.AcceptOneOf("half-close", "keep", "quit");

    private readonly Option<bool> _noInput = new("--no-stdin", "-d")
    {
        Description = "Leave standard input alone, and only receive. Default: standard input is sent.",
    };

    private readonly Option<string?> _exec = new("--exec", "-e")
    {
        HelpName = "COMMAND",
        Description = "Run /bin/sh -c COMMAND with the connection as its standard input and output, instead of ours, "
            + "and the labels in FLOWER_LABEL_*; exit as it does. With -k: one after another.",
    };

    private readonly Option<bool> _progress = new("--progress")
    {
        Description = "Print on standard error how much has moved each way, how fast and for how long: on a terminal each "
            + "second, and in any case when a connection ends.",
    };

    private readonly Option<bool> _revocable = new("--revocable")
    {
        Description = "The connection can be shut down: flower revoke --connection ID (see --verbose for its id). For the side that "
            + "connects. Default: it cannot, once it is made.",
    };

    private readonly WeightOption _weight = new();
    private readonly BalanceOptions _balance;
    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public CatCommand()
        : base("cat", "Pipes standard input and output through a connection on the board.\n"
            + "One side listens, the other connects with labels that do not contradict:\n"
            + "  flower cat -l program=copy >copy.tar\n"
            + "  flower cat program=copy <some.tar\n"
            + "With --exec, a command of the shell takes the place of standard input and output.")
    {
        Add(_listen);
        Add(_keep);
        Add(_timeout);
        Add(_wait);
        Add(_atEof);
        Add(_noInput);
        Add(_exec);
        Add(_progress);
        Add(_revocable);
        _balance = new(this);
        Add(_weight);
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
        Func<Connection, CancellationToken, Task<int>> serve = ReadUse(command);
        await using Handle handle = await _switchboard.OpenAsync(command, cancellationToken);
        if (command.GetValue(_keep))
        {
            await ServeAllAsync(handle, labels, _weight.Read(command), report, serve, cancellationToken);
            return ExitCodes.Ok;
        }

        TimeSpan timeout = _timeout.Read(command);
        TimeSpan wait = _wait.Read(command);
        TimeSpan connecting = wait > TimeSpan.Zero && (timeout == TimeSpan.Zero || wait < timeout) ? wait : timeout;
        var options = new ConnectOptions
        {
            Wait = wait > TimeSpan.Zero,
            Timeout = connecting > TimeSpan.Zero ? connecting : null,
            Revocable = command.GetValue(_revocable),
        };
        options = _balance.AddTo(options, command);
        Connection connection = command.GetValue(_listen)
            ? await TakeOneAsync(handle, labels, _weight.Read(command), cancellationToken)
            : await handle.ConnectOrHintAsync(labels, options, command.GetValue(_json) ? null : Advise, cancellationToken);
        return await ServeAsync(connection, report, serve, cancellationToken);
    }

    private static void Advise(string advice) => Tool.Say("flower cat", advice);

    // What is done with each connection: standard input and output, or a command.
    private Func<Connection, CancellationToken, Task<int>> ReadUse(ParseResult command)
    {
        if (command.GetValue(_exec) is { } text)
        {
            if (command.GetValue(_noInput) || command.GetResult(_atEof) is { Implicit: false })
            {
                throw new ToolException(
                    ExitCodes.Usage, "with --exec, standard input is not used: leave --no-stdin and --at-eof out");
            }

            if (command.GetValue(_progress))
            {
                throw new ToolException(
                    ExitCodes.Usage, "with --exec, the command has the connection itself: leave --progress out");
            }

            return new ShellCommand(text).RunAsync;
        }

        AtEof atEof = command.GetValue(_atEof) switch
        {
            "keep" => AtEof.Keep,
            "quit" => AtEof.Quit,
            _ => AtEof.HalfClose,
        };
        var path = new DataPath(!command.GetValue(_noInput), atEof, _timeout.Read(command), command.GetValue(_progress));
        return async (connection, cancellationToken) =>
        {
            using Descriptor socket = connection.TakeDescriptor();
            using var end = RevocableSocket.Of(connection, socket);
            await path.RunAsync(socket, cancellationToken);
            return ExitCodes.Ok;
        };
    }

    private static async Task<int> ServeAsync(
        Connection connection,
        ConnectionReport report,
        Func<Connection, CancellationToken, Task<int>> serve,
        CancellationToken cancellationToken)
    {
        using (connection)
        {
            report.Print(connection.Labels);
            return await serve(connection, cancellationToken);
        }
    }

    // The registration ends before the connection is served: others go elsewhere, instead of waiting here in vain.
    private static async Task<Connection> TakeOneAsync(
        Handle handle, LabelSet labels, int weight, CancellationToken cancellationToken)
    {
        await using Listener listener =
            await handle.ListenAsync(labels, new() { Credit = 0, Weight = weight }, cancellationToken);
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
        Handle handle,
        LabelSet labels,
        int weight,
        ConnectionReport report,
        Func<Connection, CancellationToken, Task<int>> serve,
        CancellationToken cancellationToken)
    {
        await using Listener listener = await handle.ListenAsync(labels, new() { Weight = weight }, cancellationToken);
        Notifier.Ready();
        var queue = Channel.CreateBounded<Connection>(MaxQueued);
        Task accepting = AcceptAllAsync(listener, queue, cancellationToken);
        try
        {
            await foreach (Connection connection in queue.Reader.ReadAllAsync(cancellationToken))
            {
                // Its descriptor is taken while it is served.
                using IDisposable open = listener.CountConnection();
                await ServeAsync(connection, report, serve, cancellationToken);
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
        catch (FlowerException e) when (e.StatusCode is StatusCode.Cancelled or StatusCode.Unavailable)
        {
            // This client did not wait, or the switchboard went away; the next one may. Whether there will be one, the
            // listener knows.
            return null;
        }
    }

    private static async Task TryRejectAsync(IncomingConnection incoming, CancellationToken cancellationToken)
    {
        try
        {
            await incoming.RejectAsync("busy", overloaded: true, cancellationToken);
        }
        catch (FlowerException e) when (e.StatusCode is StatusCode.Cancelled or StatusCode.Unavailable)
        {
            // Gone by itself, or with the switchboard.
        }
    }
}
