// SPDX-License-Identifier: BSD-2-Clause
using System.Threading.Channels;
using Flower.Protocol.V1;
using Flower.Rpc.Transport;
using Grpc.Core;

namespace Flower.Rpc;

/// <content>How a stream of responses is read: by one reader, who pulls them, or has them handled where they arrive.</content>
internal sealed partial class ClientCall<TRequest, TResponse>
{
    // Granted by the half, so that a stream costs few credit frames; by the quarter, where many are expected at once.
    private readonly int _regrantAt = credit == 0 ? PacketLimits.InitialCredit / 2 : (int)Math.Max(1, credit / 4);

    private TResponse? _current;
    private int _read;
    private int _readEpoch;

    // Valid while responses are handled where they arrive.
    private Func<ValueTask> _handler = null!;
    private TaskCompletionSource<Task> _handled = null!;
    private int _mode;

    // Nothing is added to the responses any more.
    private volatile bool _isWhole;

    public TResponse Current => _current ?? throw new InvalidOperationException("MoveNext comes first");

    int ISurvivingStream<TRequest>.Epoch => _readEpoch;

    bool ISurvivingStream<TRequest>.IsAtRestart => _current is null;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        while (await _responses!.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (TryTake(out TResponse? response))
            {
                MakeCurrent(response);
                return true;
            }
        }

        ThrowUnlessOk();
        return false;
    }

    async Task ISurvivingStream<TRequest>.ForEachAsync(Func<ValueTask> handler)
    {
        while (true)
        {
            // Asked first: then what is there is all.
            bool isWhole = _isWhole;
            while (TryTake(out TResponse? response))
            {
                MakeCurrent(response);
                await handler().ConfigureAwait(false);
            }

            if (isWhole)
            {
                ThrowUnlessOk();
                return;
            }

            if (HandleArriving(handler) is { } handled)
            {
                await (await handled.ConfigureAwait(false)).ConfigureAwait(false);
            }
        }
    }

    // The channel is for one reader, and whoever gives the call up, on any thread, takes what its reader has not.
    private bool TryTake(out TResponse? response)
    {
        lock (Gate)
        {
            return _responses!.Reader.TryRead(out response);
        }
    }

    private bool HasSome()
    {
        lock (Gate)
        {
            return _responses!.Reader.TryPeek(out _);
        }
    }

    private void MakeCurrent(TResponse? response)
    {
        _current = response;
        if (response is null)
        {
            _readEpoch++;
            _read = 0;
        }
        else if (++_read >= _regrantAt && !HasEnded)
        {
            Channel.TrySend(
                this, _readEpoch, new Frame { CallId = CallId, Credit = new Credit { Messages = (uint)_read } });
            _read = 0;
        }
    }

    private void ThrowUnlessOk()
    {
        if (Status.StatusCode != StatusCode.OK)
        {
            throw new RpcException(Status, Trailers);
        }
    }

    // From here on responses are handled where they arrive; ends when the reader has to go on, with what is still being handled.
    // Null: there are some to read, or the stream has ended. The mode changes without a lock, since who reads goes on within whoever tells him.
    private Task<Task>? HandleArriving(Func<ValueTask> handler)
    {
        _handler = handler;
        _handled = new(inline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
        Task<Task> handled = _handled.Task;
        // First this, and then a look at what there is: whoever adds to it does so first, and then looks at this. Nothing is
        // handled before it is known that nothing waits.
        Interlocked.Exchange(ref _mode, Mode.Looking);
        if (_isWhole || HasSome())
        {
            Volatile.Write(ref _mode, Mode.Read);
            return null;
        }

        return Interlocked.CompareExchange(ref _mode, Mode.Handled, Mode.Looking) == Mode.Looking ? handled : null;
    }

    // On the loop. False: the call has ended.
    private bool Deliver(Channel<TResponse?> responses, TResponse? response)
    {
        if (Interlocked.CompareExchange(ref _mode, Mode.Handling, Mode.Handled) != Mode.Handled)
        {
            bool isTaken = responses.Writer.TryWrite(response);
            ReadOn();
            return isTaken;
        }

        ValueTask handled;
        try
        {
            MakeCurrent(response);
            handled = _handler();
        }
        catch (Exception e)
        {
            handled = ValueTask.FromException(e);
        }

        // Else the call has ended meanwhile.
        if (!handled.IsCompletedSuccessfully
            || Interlocked.CompareExchange(ref _mode, Mode.Handled, Mode.Handling) != Mode.Handling)
        {
            Volatile.Write(ref _mode, Mode.Read);
            _handled.SetResult(handled.AsTask());
        }

        return true;
    }

    // From any thread. Who reads or handles what has come finds the end after it.
    private void EndResponses()
    {
        if (_responses is null)
        {
            return;
        }

        _responses.Writer.TryComplete();
        _isWhole = true;
        // Whoever handles one finds the end after it; else the reader goes on.
        while (!ReadOn() && Interlocked.CompareExchange(ref _mode, Mode.Ending, Mode.Handling) == Mode.Handled)
        {
            // Handled just now.
        }
    }

    // Where responses are handled as they arrive, or are about to be, and none is: the reader has to look at what there is.
    private bool ReadOn()
    {
        // Full fences, also where they do nothing.
        if (Interlocked.CompareExchange(ref _mode, Mode.Read, Mode.Looking) == Mode.Looking)
        {
            return true;
        }

        if (Interlocked.CompareExchange(ref _mode, Mode.Read, Mode.Handled) != Mode.Handled)
        {
            return false;
        }

        _handled.SetResult(Task.CompletedTask);
        return true;
    }

    private static class Mode
    {
        /// <summary>They wait to be read.</summary>
        public const int Read = 0;

        /// <summary>They still wait to be read; if there are none, they are handled from here on.</summary>
        public const int Looking = 1;

        /// <summary>They are handled where they arrive.</summary>
        public const int Handled = 2;

        /// <summary>One is being handled.</summary>
        public const int Handling = 3;

        /// <summary>One is being handled, and the stream has ended.</summary>
        public const int Ending = 4;
    }
}
