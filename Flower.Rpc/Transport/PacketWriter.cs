// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
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

    /// <summary>Too many descriptors are on their way: the socket looks writable, so flush again after a while.</summary>
    Retry,

    /// <summary>As Blocked or Retry, and more waits than a peer that reads would leave.</summary>
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
    private readonly Queue<(byte[] Bytes, SafeHandle[] Descriptors)> _sealed = new();
    private readonly List<SafeHandle> _descriptors = [];
    private Packet _packet = new();
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

    /// <summary>Adds a frame and takes its descriptors.</summary>
    internal void Add(Frame frame, IReadOnlyList<SafeHandle>? descriptors = null)
    {
        int size = frame.CalculateSize();
        int bytes = size + 1 + CodedOutputStream.ComputeLengthSize(size);
        int count = descriptors?.Count ?? 0;
        if (_packetBytes + bytes > PacketLimits.MaxPacketBytes
            || _descriptors.Count + count > UnixSocket.MaxDescriptors)
        {
            Seal();
        }

        _packet.Frames.Add(frame);
        _packetBytes += bytes;
        if (count > 0)
        {
            _descriptors.AddRange(descriptors!);
        }
    }

    /// <summary>What the peer has not taken, in packets. They stay here.</summary>
    internal IReadOnlyCollection<(byte[] Bytes, SafeHandle[] Descriptors)> Unsent
    {
        get
        {
            Seal();
            return _sealed;
        }
    }

    /// <summary>Adds a packet as another writer had it; takes its descriptors.</summary>
    internal void AddUnsent(byte[] bytes, SafeHandle[] descriptors)
    {
        _sealed.Enqueue((bytes, descriptors));
        _queuedBytes += bytes.Length;
        QueuedDescriptors += descriptors.Length;
    }

    /// <summary>Sends as much as the peer takes.</summary>
    internal FlushResult Flush()
    {
        Seal();
        while (_sealed.TryPeek(out (byte[] Bytes, SafeHandle[] Descriptors) next))
        {
            switch (UnixSocket.Send(socket, next.Bytes, next.Descriptors))
            {
                case 0:
                    _sealed.Dequeue();
                    _queuedBytes -= next.Bytes.Length;
                    QueuedDescriptors -= next.Descriptors.Length;
                    SentDescriptors += next.Descriptors.Length;
                    Close(next.Descriptors);
                    break;
                case Errno.Again:
                    return _queuedBytes > PacketLimits.MaxQueuedBytes ? FlushResult.Full : FlushResult.Blocked;
                case Errno.TooManyRefs or Errno.NoMem or Errno.NoBufs:
                    return _queuedBytes > PacketLimits.MaxQueuedBytes ? FlushResult.Full : FlushResult.Retry;
                default:
                    return FlushResult.Failed;
            }
        }

        return FlushResult.Done;
    }

    public void Dispose() => Clear();

    /// <summary>Gives up what was not sent, and closes its descriptors.</summary>
    internal void Clear()
    {
        foreach ((_, SafeHandle[] descriptors) in _sealed)
        {
            Close(descriptors);
        }

        _sealed.Clear();
        Close([.. _descriptors]);
        _descriptors.Clear();
        _packet = new();
        _packetBytes = 0;
        _queuedBytes = 0;
    }

    private static void Close(SafeHandle[] descriptors)
    {
        foreach (SafeHandle descriptor in descriptors)
        {
            descriptor.Dispose();
        }
    }

    private void Seal()
    {
        if (_packetBytes > 0)
        {
            _sealed.Enqueue((_packet.ToByteArray(), [.. _descriptors]));
            _queuedBytes += _packetBytes;
            QueuedDescriptors += _descriptors.Count;
            _packet.Frames.Clear();
            _packetBytes = 0;
            _descriptors.Clear();
        }
    }
}
