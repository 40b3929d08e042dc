// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using Flower.Rpc.Interop;

namespace Flower.Relay;

/// <summary>
/// One direction of a relay. Small traffic is copied through the loop's buffer; a receive that fills it shows that much
/// is on its way, and then splice(2) moves it through a pipe. Either way the source is not read while anything waits
/// for the sink. For the loop's thread alone.
/// </summary>
internal sealed class Direction(RelayLoop loop, Side source, Side sink, Observation? observed)
{
    // A splice that brings less than this costs more than a copy.
    private const int LeastSplice = 16 * 1024;

    private byte[]? _rest;
    private int _restStart;
    private int _restEnd;
    private KernelPipe? _pipe;
    private bool _isBulk;
    private bool _cannotSplice;

    /// <summary>Bytes that the sink has taken.</summary>
    public long Moved { get; private set; }

    /// <summary>Nothing will be moved any more.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Something waits for the sink.</summary>
    public bool HoldsBytes => _rest is not null || _pipe is { Held: > 0 };

    public Side Source => source;

    public Side Sink => sink;

    /// <summary>Moves what can be moved, within one turn.</summary>
    public Progress Advance()
    {
        for (int left = RelayLoop.TurnBytes; left > 0;)
        {
            while (HoldsBytes)
            {
                if (Flush() is { } stopped)
                {
                    return stopped;
                }
            }

            if (!source.CanReceive)
            {
                ReleasePipe();
                return Progress.Waits;
            }

            int count = Receive();
            if (count == 0)
            {
                ConnectedSocket.EndSending(sink.Socket);
                observed?.End();
                End();
                return Progress.Ended;
            }

            if (count == -Errno.Again)
            {
                source.NoteEmpty();
            }
            else if (count < 0)
            {
                return Progress.SourceFailed;
            }

            left -= Math.Max(count, 0);
        }

        return Progress.HasMore;
    }

    /// <summary>Moves no more, and drops what waits. Idempotent.</summary>
    public void End()
    {
        HasEnded = true;
        ReleaseRest();
        ReleasePipe();
    }

    private int Receive()
    {
        int count = _isBulk ? Splice() : Copy();
        // A Unix socket says this after all that its peer sent, if the peer left something unread.
        return count == -Errno.ConnReset && UnixSocket.IsUnixSocket(source.Socket) ? 0 : count;
    }

    private int Copy()
    {
        Span<byte> buffer = loop.Buffer;
        int count = ConnectedSocket.Receive(source.Socket, buffer);
        if (count <= 0)
        {
            return count;
        }

        _isBulk = count == buffer.Length && !_cannotSplice;
        if (count < buffer.Length)
        {
            source.NoteShortReceive();
        }

        observed?.Show(buffer[..count]);

        // Whatever the send says, an error too, is met again by Flush.
        int sent = Math.Max(ConnectedSocket.Send(sink.Socket, buffer[..count]), 0);
        Moved += sent;
        if (sent < count)
        {
            Keep(buffer[sent..count]);
        }

        return count;
    }

    private int Splice()
    {
        _pipe ??= loop.Pipes.TryRent();
        if (_pipe is null)
        {
            // Until the next receive that fills the buffer.
            return Copy();
        }

        int count = _pipe.Fill(source.Socket, _pipe.Capacity);
        if (count == -Errno.Inval)
        {
            _cannotSplice = true;
            _isBulk = false;
            return Copy();
        }

        if (count > 0)
        {
            loop.CountSpliced(count);
            _isBulk = count >= LeastSplice;
            if (observed?.TryShow(_pipe) == false)
            {
                ShowCopied(observed);
            }
        }

        return count;
    }

    // What is in the pipe waits for the sink outside of it.
    private void ShowCopied(Observation observer)
    {
        byte[] taken = ArrayPool<byte>.Shared.Rent(_pipe!.Held);
        (_rest, _restStart, _restEnd) = (taken, 0, 0);
        while (_pipe.Held > 0)
        {
            _restEnd += _pipe.Take(taken.AsSpan(_restEnd, _pipe.Held));
        }

        observer.Show(taken.AsSpan(0, _restEnd));
    }

    // Null: some of it was taken.
    private Progress? Flush()
    {
        if (_rest is null && _cannotSplice)
        {
            byte[] taken = ArrayPool<byte>.Shared.Rent(loop.Buffer.Length);
            (_rest, _restStart, _restEnd) = (taken, 0, _pipe!.Take(taken));
        }

        int count = _rest is { } rest
            ? ConnectedSocket.Send(sink.Socket, rest.AsSpan(_restStart.._restEnd))
            : _pipe!.Drain(sink.Socket);
        switch (count)
        {
            case >= 0:
                Moved += count;
                _restStart += count;
                if (_rest is not null && _restStart == _restEnd)
                {
                    ReleaseRest();
                }

                return null;
            case -Errno.Again:
                sink.NoteFull();
                return Progress.Waits;
            case -Errno.Inval when _rest is null:
                _cannotSplice = true;
                _isBulk = false;
                return null;
            default:
                return Progress.SinkFailed;
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        byte[] kept = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(kept);
        (_rest, _restStart, _restEnd) = (kept, 0, bytes.Length);
    }

    private void ReleaseRest()
    {
        if (_rest is { } rest)
        {
            _rest = null;
            ArrayPool<byte>.Shared.Return(rest);
        }
    }

    private void ReleasePipe()
    {
        if (_pipe is { } pipe)
        {
            _pipe = null;
            loop.Pipes.Return(pipe);
        }
    }
}
