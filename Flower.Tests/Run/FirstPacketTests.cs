// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Net;
using Flower.Run.Network;
using NUnit.Framework;

namespace Flower.Tests.Run;

/// <summary>Reading the first packet of a TCP connection, and making it whole.</summary>
internal sealed class FirstPacketTests
{
    // As captured on lo: the checksums of TCP are those that a network card would have replaced.
    private const string Packet4 =
        "4500003c1a2b400040069d6bc61200025db8d822ad5c0050"
        + "0d3c9a1e00000000a002fa00fe3000000204ffd70402080a9bb0d5b70000000001030307";

    private const string Packet6 =
        "600a1b2c00280640fd666c6f776572000000000000000002"
        + "20010db8000000000000000000000001b82801bb0d3c9a1e00000000a002ffc400300000"
        + "0204ffc40402080a9bb0d5b70000000001030307";

    [TestCase(Packet4, "198.18.0.2:44380", "93.184.216.34:80")]
    [TestCase(Packet6, "[fd66:6c6f:7765:7200::2]:47144", "[2001:db8::1]:443")]
    public void Read_FirstPacket_HasItsEndsAndAChecksum(string hex, string source, string destination)
    {
        FirstPacket packet = FirstPacket.Read(Convert.FromHexString(hex))!;

        Assert.That(packet.Flow.Source, Is.EqualTo(IPEndPoint.Parse(source)));
        Assert.That(packet.Flow.Destination, Is.EqualTo(IPEndPoint.Parse(destination)));
        Assert.That(SumOf(packet.Bytes), Is.EqualTo(0xffff), "RFC 9293 §3.1: with the checksum, all ones");
    }

    [TestCase(Packet4)]
    [TestCase(Packet6)]
    public void Read_DataBehindTheHeaders_IsLeftOut(string hex)
    {
        FirstPacket whole = FirstPacket.Read(Convert.FromHexString(hex))!;

        FirstPacket packet = FirstPacket.Read([.. Convert.FromHexString(hex), 1, 2, 3])!;

        Assert.That(packet.Bytes.ToArray(), Is.EqualTo(whole.Bytes.ToArray()));
    }

    [TestCase(Packet4)]
    [TestCase(Packet6)]
    public void Read_Truncated_IsNothing(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.That(FirstPacket.Read(bytes.AsSpan(0, length)), Is.Null, $"{length} bytes");
        }
    }

    [Test]
    public void Read_OtherProtocols_AreNothing()
    {
        byte[] udp = Convert.FromHexString(Packet4);
        udp[9] = 17;
        byte[] extended = Convert.FromHexString(Packet6);
        extended[6] = 60;
        byte[] version5 = Convert.FromHexString(Packet4);
        version5[0] = 0x55;

        Assert.That(FirstPacket.Read(udp), Is.Null);
        Assert.That(FirstPacket.Read(extended), Is.Null);
        Assert.That(FirstPacket.Read(version5), Is.Null);
    }

    private static int SumOf(ReadOnlySpan<byte> packet)
    {
        bool is4 = packet[0] >> 4 == 4;
        int header = is4 ? (packet[0] & 15) * 4 : 40;
        byte[] summed = [.. is4 ? packet[12..20] : packet[8..40], .. packet[header..]];
        long sum = 6 + packet.Length - header;
        for (int i = 0; i < summed.Length; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(summed.AsSpan(i));
        }

        while (sum > 0xffff)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (int)sum;
    }
}
