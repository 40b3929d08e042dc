// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;

namespace Flower.Cat;

/// <summary>
/// Moves bytes from one descriptor to another on the calling thread, until an end. The descriptors are borrowed, and
/// their open files may be others' too, so their mode is never changed: poll(2) says when a call will not wait for
/// long. Between what the kernel can splice, bytes move through a pipe of this object without being copied. It has a
/// pipe of its own even between a pipe and a socket: splice(2) keeps a pipe locked while it waits for the socket, and
/// whoever writes to that pipe, or only wants to die, waits with it.
/// </summary>
internal sealed class Transfer(SafeHandle source, SafeHandle sink, WakeEvent stop, IdleTimer idle) : IDisposable
{
    private const int PipeBytes = 256 * 1024;
    private const int LeastPipeBytes = 64 * 1024;
    private const int BufferBytes = 64 * 1024;

    // Terminals are copied: what is typed is little, and their drivers differ in what they can splice.
    private bool _isCopying = StreamFile.IsTerminal(source) || StreamFile.IsTerminal(sink);
    private KernelPipe? _pipe;
    private byte[]? _buffer;
    private int _start;
    private int _end;

    /// <summary>A sink that is hung up ends the transfer even while the source has nothing.</summary>
    public bool WatchesSink { get; init; }

    /// <summary>Counts what was delivered; null: nobody does.</summary>
    public ByteCount? Count { get; init; }

    public TransferResult Run()
    {
        while (true)
        {
            if (AwaitSource() is { } early)
            {
                return new(early, 0);
            }

            int count = Fill();
            if (count > 0)
            {
                idle.Touch();
                if (Deliver() is { } result)
                {
                    return result;
                }
            }
            else if (count != -Errno.Again)
            {
                return new(TransferEnd.SourceEnded, -count);
            }
        }
    }

    public void Dispose() => _pipe?.Dispose();

    private TransferEnd? AwaitSource()
    {
        Span<PollItem> items =
            [new(stop.Descriptor, Readiness.Read), new(source, Readiness.Read), new(sink, Readiness.None)];
        Polling.Wait(WatchesSink ? items : items[..2]);
        if (items[0].Ready != 0)
        {
            return TransferEnd.Stopped;
        }

        return items[2].Ready != 0 ? TransferEnd.SinkClosed : null;
    }

    private int Fill()
    {
        if (!_isCopying && TryPipe() is { } pipe)
        {
            int count = pipe.Fill(source, pipe.Capacity);
            if (count != -Errno.Inval)
            {
                return count;
            }

            _isCopying = true;
        }

        _buffer ??= new byte[BufferBytes];
        int read = StreamFile.Read(source, _buffer);
        (_start, _end) = (0, Math.Max(read, 0));
        return read;
    }

    private KernelPipe? TryPipe()
    {
        _pipe ??= KernelPipe.TryCreate(PipeBytes);
        // A user who has many pipes gets tiny ones.
        _isCopying = _pipe is not { Capacity: >= LeastPipeBytes };
        return _isCopying ? null : _pipe;
    }

    // Null: all was delivered.
    private TransferResult? Deliver()
    {
        while (_start < _end || _pipe is { Held: > 0 })
        {
            int count = _start < _end || _isCopying ? Write() : _pipe!.Drain(sink);
            switch (count)
            {
                case >= 0:
                    idle.Touch();
                    Count?.Add(count);
                    break;
                case -Errno.Again:
                    if (!AwaitSink())
                    {
                        return new(TransferEnd.Stopped, 0);
                    }

                    break;
                case -Errno.Inval when !_isCopying:
                    // Such as a file that is open for appending.
                    _isCopying = true;
                    break;
                default:
                    return new(TransferEnd.SinkClosed, -count);
            }
        }

        return null;
    }

    private int Write()
    {
        if (_start == _end)
        {
            _buffer ??= new byte[BufferBytes];
            (_start, _end) = (0, _pipe!.Take(_buffer));
        }

        int count = StreamFile.Write(sink, _buffer.AsSpan(_start.._end));
        _start += Math.Max(count, 0);
        return count;
    }

    // False: told to stop.
    private bool AwaitSink()
    {
        Span<PollItem> items = [new(stop.Descriptor, Readiness.Read), new(sink, Readiness.Write)];
        Polling.Wait(items);
        return items[0].Ready == 0;
    }
}
