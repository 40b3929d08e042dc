// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;

namespace Flower.Rpc.Transport;

/// <summary>Turns what recvmsg brought into frames, each with its own descriptors.</summary>
internal static class PacketReader
{
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
        return own == 0 ? null
            : own == received.Descriptors!.Count ? received.Descriptors
            : received.Descriptors.GetRange(at - own, own);
    }

    /// <summary>
    /// The packet's frames. The caller still owns the descriptors. There may be fewer than the frames name, where this
    /// process is at its limit: the kernel gives the first ones, and says that it has lost the others.
    /// </summary>
    /// <param name="bytes">The packet, in which the frames' messages stay.</param>
    /// <param name="received">What came with it.</param>
    /// <param name="frames">Where the frames are, whatever was there.</param>
    /// <exception cref="PacketException">The packet breaks the protocol.</exception>
    internal static void Parse(ReadOnlyMemory<byte> bytes, in ReceivedPacket received, List<ReceivedFrame> frames)
    {
        frames.Clear();
        if (received.IsTruncated)
        {
            throw new PacketException($"a packet of more than {PacketLimits.MaxPacketBytes} bytes");
        }

        try
        {
            if (!FrameReader.TryRead(bytes, frames))
            {
                frames.Clear();
                foreach (Frame frame in Packet.Parser.ParseFrom(bytes.Span).Frames)
                {
                    frames.Add(ReceivedFrame.Of(frame));
                }
            }
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new PacketException($"a malformed packet: {e.Message}");
        }

        long wanted = 0;
        foreach (ref readonly ReceivedFrame frame in CollectionsMarshal.AsSpan(frames))
        {
            wanted += frame.FdCount;
        }

        int got = received.Descriptors?.Count ?? 0;
        if (wanted != got && !(wanted > got && received.IsControlTruncated))
        {
            throw new PacketException($"a packet with {got} descriptors whose frames name {wanted}");
        }
    }
}
