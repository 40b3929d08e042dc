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

    /// <summary>The packet's frames. The caller still owns the descriptors.</summary>
    /// <exception cref="PacketException">The packet breaks the protocol.</exception>
    internal static Packet Parse(ReadOnlySpan<byte> bytes, in ReceivedPacket received)
    {
        if (received.IsTruncated)
        {
            throw new PacketException($"a packet of more than {PacketLimits.MaxPacketBytes} bytes");
        }

        if (received.IsControlTruncated)
        {
            throw new PacketException("truncated control data: descriptors were lost");
        }

        Packet packet;
        try
        {
            packet = Packet.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new PacketException($"a malformed packet: {e.Message}");
        }

        long wanted = 0;
        foreach (Frame frame in packet.Frames)
        {
            wanted += frame.FdCount;
        }

        int got = received.Descriptors?.Count ?? 0;
        return wanted == got
            ? packet
            : throw new PacketException($"a packet with {got} descriptors whose frames name {wanted}");
    }
}
