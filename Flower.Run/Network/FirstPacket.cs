// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Net;

namespace Flower.Run.Network;

/// <summary>
/// The first packet of a TCP connection (SYN), as it was set aside, and whole: it can be sent once more. Immutable.
/// </summary>
internal sealed class FirstPacket
{
    /// <summary>Both headers at their largest: 60 bytes each, of IPv6 40 (RFC 791, 8200, 9293).</summary>
    public const int MaxBytes = 120;

    private const int Header4Bytes = 20;
    private const int Header6Bytes = 40;
    private const int TcpHeaderBytes = 20;
    private const int TcpChecksum = 16;
    private const byte Tcp = 6;

    private readonly byte[] _bytes;

    private FirstPacket(byte[] bytes, Flow flow)
    {
        _bytes = bytes;
        Flow = flow;
    }

    /// <summary>Whose it is.</summary>
    public Flow Flow { get; }

    /// <summary>The packet, from the network header on, with a checksum.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Reads a packet; null: it is something else, or has more before or behind its headers.</summary>
    public static FirstPacket? Read(ReadOnlySpan<byte> packet)
    {
        int header = HeaderBytes(packet);
        if (header == 0 || packet.Length < header + TcpHeaderBytes)
        {
            return null;
        }

        // Data in a first packet (RFC 7413) need not be taken: it comes again when it is not acknowledged.
        int length = header + ((packet[header + 12] >> 4) * 4);
        if (length < header + TcpHeaderBytes || length > packet.Length || length > MaxBytes)
        {
            return null;
        }

        byte[] bytes = packet[..length].ToArray();
        bool is4 = bytes[0] >> 4 == 4;
        SetLength(bytes, is4);
        Span<byte> tcp = bytes.AsSpan(header);
        ReadOnlySpan<byte> addresses = is4 ? bytes.AsSpan(12, 8) : bytes.AsSpan(8, 32);
        int half = addresses.Length / 2;
        var flow = new Flow(
            new(new IPAddress(addresses[..half]), BinaryPrimitives.ReadUInt16BigEndian(tcp)),
            new(new IPAddress(addresses[half..]), BinaryPrimitives.ReadUInt16BigEndian(tcp[2..])));

        // A packet that never leaves the machine has none: the network card would have written it.
        tcp[TcpChecksum] = 0;
        tcp[TcpChecksum + 1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[TcpChecksum..], Checksum(addresses, tcp));
        return new(bytes, flow);
    }

    // 0: neither, or not TCP at once. The kernel writes no extension headers of IPv6 before TCP unless it is asked to.
    private static int HeaderBytes(ReadOnlySpan<byte> packet) => packet switch
    {
        { Length: >= Header4Bytes } when packet[0] >> 4 == 4 && packet[9] == Tcp =>
            (packet[0] & 15) * 4 is int header and >= Header4Bytes ? header : 0,
        { Length: >= Header6Bytes } when packet[0] >> 4 == 6 && packet[6] == Tcp => Header6Bytes,
        _ => 0,
    };

    private static void SetLength(Span<byte> packet, bool is4)
    {
        if (is4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)packet.Length);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)(packet.Length - Header6Bytes));
        }
    }

    // RFC 9293 §3.1: over the addresses, the protocol, the length, and the header.
    private static ushort Checksum(ReadOnlySpan<byte> addresses, ReadOnlySpan<byte> tcp)
    {
        uint sum = Sum(addresses) + Tcp + (uint)tcp.Length + Sum(tcp);
        while (sum > ushort.MaxValue)
        {
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        }

        return (ushort)~sum;
    }

    // Both have an even length.
    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (; bytes.Length > 1; bytes = bytes[2..])
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        }

        return sum;
    }
}
