// SPDX-License-Identifier: BSD-2-Clause
using Flower.Run.Network;

namespace Flower.Fuzz.Targets;

/// <summary>The first packet of a connection out of a box. What is sent again is as long as its headers, and for the same place.</summary>
internal static class FirstPacketTarget
{
    public static void Run(byte[] input)
    {
        FirstPacket? packet = FirstPacket.Read(input);
        if (packet is null)
        {
            return;
        }

        BrokenException.Unless(packet.Bytes.Length <= Math.Min(input.Length, FirstPacket.MaxBytes), "a packet that grows");
        FirstPacket again = FirstPacket.Read(packet.Bytes) ?? throw new BrokenException("a packet that cannot be sent again");
        BrokenException.Unless(again.Flow.Equals(packet.Flow), "a packet for another place");
        BrokenException.Unless(again.Bytes.SequenceEqual(packet.Bytes), "a packet that changes each time");
    }
}
