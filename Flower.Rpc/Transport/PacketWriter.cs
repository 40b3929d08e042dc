// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using System.Runtime.InteropServices;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;

namespace Flower.Rpc.Transport;

/// <summary>How a flush ended.</summary>
internal enum FlushResult
{
    /// <summary>Everything is on its way.</summary>
    Done,

    /// <summary>The peer does not read; flush again when the socket is writable.</summary>
    Blocked,

    /// <summary>The kernel has no memory for it: the socket looks writable, so flush again after a while.</summary>
    Retry,

    /// <summary>As Retry, because too many descriptors are on their way to whoever does not read (ETOOMANYREFS).</summary>
    Crowded,

    /// <summary>As one of these three, and more waits than a peer that reads would leave.</summary>
    Full,

    /// <summary>The peer is gone.</summary>
    Failed,
}

/// <summary>
/// What is to be sent on one session: frames are collected into packets and sent without waiting. Owns the descriptors
/// of what it has not sent. Its user serializes the calls.
/// </summary>
internal sealed class PacketWriter(Descriptor socket) : IDisposable
{
    // The tag of Packet.frames: field 1, length-delimited.
    private const byte FramesTag = 0x0a;
    private const int SmallPacket = 1024;

    private readonly Queue<(ArraySegment<byte> Bytes, SafeHandle[] Descriptors)> _sealed = new();
    private readonly List<SafeHandle> _descriptors = [];

    // Rented: of the packet that is being collected, and of each that is sealed.
    private byte[]? _packet;
    private int _packetBytes;
    private int _queuedBytes;

    /// <summary>Whether a flush has something to do.</summary>
    internal bool IsEmpty => _packetBytes == 0 && _sealed.Count == 0;

    /// <summary>Bytes of the packets that the peer did not take.</summary>
    internal int QueuedBytes => _queuedBytes;

    /// <summary>Descriptors of the packets that the peer did not take.</summary>
    internal int QueuedDescriptors { get; private set; }

    /// <summary>Descriptors that were sent since this was last set.</summary>
    internal int SentDescriptors { get; set; }

    /// <summary>The largest message whose frame fits into a packet.</summary>
    internal static int MaxMessageBytes => PacketLimits.MaxPacketBytes - 32;

    /// <summary>Adds a frame, which is not looked at later.</summary>
    internal void Add(Frame frame)
    {
        int size = frame.CalculateSize();
        frame.WriteTo(Next(size, null));
    }

    /// <summary>As the other, for what is encoded. Takes the descriptors.</summary>
    internal void Add(in OutgoingFrame frame) => frame.WriteTo(Next(frame.Size, frame.Descriptors));

    // Where a frame of so many bytes is to be written.
    private Span<byte> Next(int size, List<SafeHandle>? descriptors)
    {
        int bytes = size + 1 + CodedOutputStream.ComputeLengthSize(size);
        int count = descriptors?.Count ?? 0;
        if (_packetBytes + bytes > PacketLimits.MaxPacketBytes
            || _descriptors.Count + count > UnixSocket.MaxDescriptors)
        {
            Seal();
        }

        Span<byte> at = Room(bytes);
        at[0] = FramesTag;
        int header = 1 + Varint.Write(at[1..], (uint)size);
        _packetBytes += bytes;
        if (count > 0)
        {
            _descriptors.AddRange(CollectionsMarshal.AsSpan(descriptors));
        }

        return at[header..];
    }

    /// <summary>What the peer has not taken, in packets. They stay here.</summary>
    internal IReadOnlyCollection<(ArraySegment<byte> Bytes, SafeHandle[] Descriptors)> Unsent
    {
        get
        {
            Seal();
            return _sealed;
        }
    }

    /// <summary>Adds a packet as another writer had it; takes its descriptors.</summary>
    internal void AddUnsent(ReadOnlySpan<byte> bytes, SafeHandle[] descriptors)
    {
        byte[] packet = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(packet);
        _sealed.Enqueue((new(packet, 0, bytes.Length), descriptors));
        _queuedBytes += bytes.Length;
        QueuedDescriptors += descriptors.Length;
    }

    /// <summary>Sends as much as the peer takes.</summary>
    internal FlushResult Flush()
    {
        if (_sealed.Count == 0 && _packetBytes > 0)
        {
            // Mostly there is one packet, and the peer takes it.
            int errno = SendUnsealed();
            if (errno == 0)
            {
                return FlushResult.Done;
            }

            Seal();
            return After(errno);
        }

        Seal();
        while (_sealed.TryPeek(out (ArraySegment<byte> Bytes, SafeHandle[] Descriptors) next))
        {
            int errno = UnixSocket.Send(socket, next.Bytes, next.Descriptors);
            if (errno != 0)
            {
                return After(errno);
            }

            _sealed.Dequeue();
            _queuedBytes -= next.Bytes.Count;
            QueuedDescriptors -= next.Descriptors.Length;
            SentDescriptors += next.Descriptors.Length;
            ArrayPool<byte>.Shared.Return(next.Bytes.Array!);
            CloseSent(next.Descriptors);
        }

        return FlushResult.Done;
    }

    public void Dispose() => Clear();

    /// <summary>Sends over another socket from here on, also what waits.</summary>
    internal void MoveTo(Descriptor other) => socket = other;

    /// <summary>Gives up what was not sent, and closes its descriptors.</summary>
    internal void Clear()
    {
        Seal();
        foreach ((ArraySegment<byte> bytes, SafeHandle[] descriptors) in _sealed)
        {
            ArrayPool<byte>.Shared.Return(bytes.Array!);
            Close(descriptors);
        }

        _sealed.Clear();
        _queuedBytes = 0;
        QueuedDescriptors = 0;
    }

    private static void CloseSent(ReadOnlySpan<SafeHandle> descriptors)
    {
        foreach (SafeHandle descriptor in descriptors)
        {
            if (descriptor is Descriptor own)
            {
                own.DisposeSent();
            }
            else
            {
                descriptor.Dispose();
            }
        }
    }

    private static void Close(SafeHandle[] descriptors)
    {
        foreach (SafeHandle descriptor in descriptors)
        {
            descriptor.Dispose();
        }
    }

    // The next bytes of the packet that is being collected.
    private Span<byte> Room(int bytes)
    {
        int needed = _packetBytes + bytes;
        if (_packet is null || _packet.Length < needed)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, SmallPacket));
            if (_packet is not null)
            {
                _packet.AsSpan(0, _packetBytes).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_packet);
            }

            _packet = larger;
        }

        return _packet.AsSpan(_packetBytes, bytes);
    }

    private FlushResult After(int errno) => errno switch
    {
        Errno.Again or Errno.TooManyRefs or Errno.NoMem or Errno.NoBufs when _queuedBytes > PacketLimits.MaxQueuedBytes =>
            FlushResult.Full,
        Errno.Again => FlushResult.Blocked,
        Errno.TooManyRefs => FlushResult.Crowded,
        Errno.NoMem or Errno.NoBufs => FlushResult.Retry,
        _ => FlushResult.Failed,
    };

    // 0, or the error number.
    private int SendUnsealed()
    {
        Span<SafeHandle> descriptors = CollectionsMarshal.AsSpan(_descriptors);
        int errno = UnixSocket.Send(socket, _packet.AsSpan(0, _packetBytes), descriptors);
        if (errno != 0)
        {
            return errno;
        }

        SentDescriptors += descriptors.Length;
        CloseSent(descriptors);
        _descriptors.Clear();
        ArrayPool<byte>.Shared.Return(_packet!);
        _packet = null;
        _packetBytes = 0;
        return 0;
    }

    private void Seal()
    {
        if (_packetBytes > 0)
        {
            _sealed.Enqueue((new(_packet!, 0, _packetBytes), [.. _descriptors]));
            _queuedBytes += _packetBytes;
            QueuedDescriptors += _descriptors.Count;
            _packet = null;
            _packetBytes = 0;
            _descriptors.Clear();
        }
    }
}
