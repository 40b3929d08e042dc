// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;

namespace Flower.Rpc.Transport;

/// <summary>Turns what recvmsg brought into frames, each with its own descriptors.</summary>
internal static class PacketReader
{
    [ThreadStatic]
    private static byte[]? _buffer;

    /// <summary>A buffer of this thread that holds the largest packet; good until the next receive.</summary>
    internal static byte[] Buffer => _buffer ??= GC.AllocateUninitializedArray<byte>(PacketLimits.MaxPacketBytes);

    /// <summary>The next frame's descriptors, or null if there are none; fewer than it names, if they were lost.</summary>
    /// <param name="received">The packet.</param>
    /// <param name="at">How many descriptors the frames before it took.</param>
    /// <param name="count">How many it names.</param>
    /// <param name="lost">Whether some were lost.</param>
    internal static List<Descriptor>? Take(in ReceivedPacket received, ref int at, uint count, out bool lost)
    {
        int own = (int)Math.Min(count, (uint)((received.Descriptors?.Count ?? 0) - at));
        lost = own < count;
        at += own;
        return own == 0 ? null : received.Descriptors!.GetRange(at - own, own);
    }

    /// <summary>
    /// The packet's frames. The caller still owns the descriptors. There may be fewer than the frames name, where this
    /// process is at its limit: the kernel gives the first ones, and says that it has lost the others.
    /// </summary>
    /// <exception cref="PacketException">The packet breaks the protocol.</exception>
    internal static Packet Parse(ReadOnlySpan<byte> bytes, in ReceivedPacket received)
    {
        if (received.IsTruncated)
        {
            throw new PacketException($"a packet of more than {PacketLimits.MaxPacketBytes} bytes");
        }

        Packet packet;
        try
        {
            packet = FrameReader.TryRead(bytes) ?? Packet.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new PacketException($"a malformed packet: {e.Message}");
        }

        long wanted = 0;
        for (int i = 0; i < packet.Frames.Count; i++)
        {
            wanted += packet.Frames[i].FdCount;
        }

        int got = received.Descriptors?.Count ?? 0;
        return wanted == got || (wanted > got && received.IsControlTruncated)
            ? packet
            : throw new PacketException($"a packet with {got} descriptors whose frames name {wanted}");
    }
}
