// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Cat;

/// <summary>
/// Standard input and output to connections, one after another. Each has a thread a direction: the socket and the
/// standard streams stay blocking, as others may share them. A connection ends when both directions have ended, when
/// its peer has closed it altogether, when nobody reads standard output any more, or after an idle time.
/// </summary>
internal sealed class DataPath
{
    // What a shell makes holds 64 KiB, and a larger pipe is what lets both of its ends run at once.
    private const int StandardPipeBytes = 1024 * 1024;

    private readonly Descriptor _input = Descriptor.Borrow(0);
    private readonly Descriptor _output = Descriptor.Borrow(1);
    private readonly bool _readsInput;
    private readonly AtEof _atEof;
    private readonly TimeSpan _idleLimit;
    private readonly bool _tellsProgress;
    private volatile bool _inputEnded;

    /// <param name="readsInput">False: standard input is left alone, and never ends.</param>
    /// <param name="atEof">What its end does.</param>
    /// <param name="idleLimit">How long nothing may move either way; zero: without end.</param>
    /// <param name="tellsProgress">Whether it is said how much has moved.</param>
    /// <exception cref="ToolException">Standard output is closed.</exception>
    public DataPath(bool readsInput, AtEof atEof, TimeSpan idleLimit, bool tellsProgress)
    {
        _readsInput = readsInput;
        _atEof = atEof;
        _idleLimit = idleLimit;
        _tellsProgress = tellsProgress;
        if (!InheritedDescriptor.IsOpen(1))
        {
            throw new ToolException(ExitCodes.Usage, "standard output is closed: redirect it to /dev/null instead");
        }

        _inputEnded = !InheritedDescriptor.IsOpen(0);
        KernelPipe.Enlarge(_input, StandardPipeBytes);
        KernelPipe.Enlarge(_output, StandardPipeBytes);
    }

    /// <summary>Serves one connection, whose socket stays the caller's.</summary>
    /// <exception cref="FlowerSocketException">Standard output cannot be written, or the network failed.</exception>
    public async Task RunAsync(Descriptor socket, CancellationToken cancellationToken)
    {
        using var stop = new WakeEvent();
        void Stop()
        {
            stop.Set();
            ConnectedSocket.End(socket);
        }

        // Until both threads have ended, or nobody waits for them any more.
        using ProgressLine? progress = _tellsProgress ? new() : null;
        using var idle = new IdleTimer(_idleLimit, Stop);
        Task<bool> receiving = OnThread("stdout", () => Receive(socket, stop, idle, progress?.Received));
        Task<bool> sending = _readsInput
            ? OnThread("stdin", () => Send(socket, stop, idle, progress?.Sent))
            : Task.FromResult(true);
        try
        {
            await AwaitEndAsync(sending, receiving).WaitAsync(cancellationToken);
        }
        finally
        {
            Stop();
        }

        // The next connection must not meet these threads at standard input and output. After a cancellation there is
        // none, and a thread may wait for a terminal.
        await Task.WhenAll(sending, receiving);
    }

    // A direction tells whether the other one may go on without it.
    private static async Task AwaitEndAsync(Task<bool> sending, Task<bool> receiving)
    {
        Task<bool> first = await Task.WhenAny(sending, receiving);
        if (await first)
        {
            await (first == sending ? receiving : sending);
        }
    }

    private bool Send(Descriptor socket, WakeEvent stop, IdleTimer idle, ByteCount? count)
    {
        if (!_inputEnded)
        {
            using var transfer = new Transfer(_input, socket, stop, idle) { WatchesSink = true, Count = count };
            // An input that cannot be read, or was closed by the caller, has ended too. A peer that no longer reads may
            // still send.
            _inputEnded = transfer.Run().End == TransferEnd.SourceEnded;
        }

        if (_inputEnded && _atEof == AtEof.HalfClose)
        {
            ConnectedSocket.EndSending(socket);
        }

        return !_inputEnded || _atEof != AtEof.Quit;
    }

    private bool Receive(Descriptor socket, WakeEvent stop, IdleTimer idle, ByteCount? count)
    {
        using var transfer = new Transfer(socket, _output, stop, idle) { Count = count };
        TransferResult result = transfer.Run();
        return result switch
        {
            // The peer closed without having read everything; whether that shows as an error or as an end is chance.
            { End: TransferEnd.SourceEnded, Errno: 0 or Errno.ConnReset or Errno.NotConn } => true,
            { End: TransferEnd.SourceEnded } => throw new FlowerSocketException("receive", result.Errno),
            { End: TransferEnd.SinkClosed, Errno: not Errno.Pipe } =>
                throw new FlowerSocketException("write standard output", result.Errno),
            _ => false,
        };
    }

    private static Task<bool> OnThread(string name, Func<bool> run)
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                done.SetResult(run());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        {
            IsBackground = true,
            Name = name,
        }.Start();
        return done.Task;
    }
}
