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

    // Between what waits to be read and whether responses are handled where they arrive.
    private readonly Lock _reading = new();
    private TResponse? _current;
    private int _read;
    private int _readEpoch;

    // Valid while responses are handled where they arrive.
    private Func<ValueTask> _handler = null!;
    private TaskCompletionSource<Task> _handled = null!;
    private int _mode;

    public TResponse Current => _current ?? throw new InvalidOperationException("MoveNext comes first");

    int ISurvivingStream<TRequest>.Epoch => _readEpoch;

    bool ISurvivingStream<TRequest>.IsAtRestart => _current is null;

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        while (await _responses!.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_responses.Reader.TryRead(out TResponse? response))
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
            while (_responses!.Reader.TryRead(out TResponse? response))
            {
                MakeCurrent(response);
                await handler().ConfigureAwait(false);
            }

            if (HandleArriving(handler) is { } handled)
            {
                await (await handled.ConfigureAwait(false)).ConfigureAwait(false);
            }
            else if (_responses.Reader.Completion.IsCompleted)
            {
                ThrowUnlessOk();
                return;
            }
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
    // Null: there are some to read, or the stream has ended.
    private Task<Task>? HandleArriving(Func<ValueTask> handler)
    {
        lock (_reading)
        {
            if (_responses!.Reader.TryPeek(out _) || _responses.Reader.Completion.IsCompleted)
            {
                return null;
            }

            _handler = handler;
            _handled = new(inline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _mode, Mode.Handled);
            return _handled.Task;
        }
    }

    // On the loop. False: the call has ended.
    private bool Deliver(Channel<TResponse?> responses, TResponse? response)
    {
        if (Interlocked.CompareExchange(ref _mode, Mode.Handling, Mode.Handled) != Mode.Handled)
        {
            lock (_reading)
            {
                if (_mode != Mode.Handled)
                {
                    return responses.Writer.TryWrite(response);
                }

                // The reader has just come to the end of what there was.
                _mode = Mode.Handling;
            }
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

        lock (_reading)
        {
            _responses.Writer.TryComplete();
        }

        int mode;
        int next;
        do
        {
            mode = Volatile.Read(ref _mode);
            if (mode is Mode.Read or Mode.Ending)
            {
                return;
            }

            next = mode == Mode.Handled ? Mode.Read : Mode.Ending;
        }
        while (Interlocked.CompareExchange(ref _mode, next, mode) != mode);

        if (next == Mode.Read)
        {
            _handled.SetResult(Task.CompletedTask);
        }
    }

    private static class Mode
    {
        /// <summary>They wait to be read.</summary>
        public const int Read = 0;

        /// <summary>They are handled where they arrive.</summary>
        public const int Handled = 1;

        /// <summary>One is being handled.</summary>
        public const int Handling = 2;

        /// <summary>One is being handled, and the stream has ended.</summary>
        public const int Ending = 3;
    }
}
