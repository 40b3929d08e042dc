// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Flower.Tap;

/// <summary>
/// Makes TCP segments over IPv6 of the bytes of one connection, as if both sides were hosts: RFC 9293 and RFC 8200, with correct
/// sequence numbers and checksums, so that every program that reads captures finds one TCP stream. The addresses are unique
/// local ones (RFC 4193) that end with the connection's id.
/// </summary>
internal sealed class TcpFrames
{
    /// <summary>The most that one segment carries.</summary>
    public const int MaxSegment = 60 * 1024;

    /// <summary>The target's port where no label says another: reserved (RFC 6335), so that no protocol is guessed by it.</summary>
    public const int DefaultPort = 49151;

    private const int IPv6Header = 40;
    private const int TcpHeader = 20;
    private const int Options = 8;
    private const byte Fin = 1;
    private const byte Syn = 2;
    private const byte Rst = 4;
    private const byte Psh = 8;
    private const byte Ack = 16;

    // Of what is under way before the other side says that it has it: less than the window, 65,535 << 14.
    private const uint Unacknowledged = 256 << 20;

    // Maximum segment size, and a window scale of 14, the largest (RFC 7323).
    private static readonly byte[] SynOptions = [2, 4, 0xff, 0xc3, 1, 3, 3, 14];

    private readonly byte[] _addresses = new byte[32];
    private readonly ushort[] _ports;
    private readonly uint[] _next = new uint[2];
    private readonly uint[] _acknowledged = new uint[2];
    private readonly bool[] _hasEnded = new bool[2];

    /// <summary>The frames of a connection that has not begun.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="port">What a label says of the target's port.</param>
    public TcpFrames(ulong id, string? port)
    {
        // fd66:6c6f:7765:72: the letters of flower, then the side.
        byte[] prefix = [0xfd, 0x66, 0x6c, 0x6f, 0x77, 0x65, 0x72];
        for (int side = 0; side < 2; side++)
        {
            Span<byte> address = _addresses.AsSpan(side * 16, 16);
            prefix.CopyTo(address);
            address[7] = (byte)(side + 1);
            BinaryPrimitives.WriteUInt64BigEndian(address[8..], id);
        }

        bool isPort = ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort known) && known > 0;
        _ports = [(ushort)(49152 + (id % 16384)), isPort ? known : (ushort)DefaultPort];
    }

    /// <summary>Takes one packet, whose bytes are there for the call only.</summary>
    public delegate void Taker(ReadOnlySpan<byte> packet);

    /// <summary>The handshake.</summary>
    public void Open(Taker take)
    {
        Send(true, Syn, SynOptions, take);
        Send(false, Syn | Ack, SynOptions, take);
        Send(true, Ack, [], take);
    }

    /// <summary>Bytes.</summary>
    public void Move(bool toTarget, ReadOnlySpan<byte> bytes, Taker take)
    {
        while (bytes.Length > 0)
        {
            int count = Math.Min(bytes.Length, MaxSegment);
            Send(toTarget, Psh | Ack, bytes[..count], take);
            bytes = bytes[count..];
            int from = toTarget ? 0 : 1;
            if (_next[from] - _acknowledged[from] >= Unacknowledged)
            {
                Send(!toTarget, Ack, [], take);
            }
        }
    }

    /// <summary>The end of one direction.</summary>
    public void EndSending(bool toTarget, Taker take)
    {
        _hasEnded[toTarget ? 0 : 1] = true;
        Send(toTarget, Fin | Ack, [], take);
        Send(!toTarget, Ack, [], take);
    }

    /// <summary>The end. A direction that nobody has ended, since its receiver has gone, ends with it, or is reset.</summary>
    public void Close(bool isReset, Taker take)
    {
        foreach (bool toTarget in new[] { true, false })
        {
            if (_hasEnded[toTarget ? 0 : 1])
            {
                continue;
            }

            if (isReset)
            {
                Send(toTarget, Rst | Ack, [], take);
                return;
            }

            EndSending(toTarget, take);
        }
    }

    private void Send(bool toTarget, byte flags, ReadOnlySpan<byte> rest, Taker take)
    {
        (int from, int to) = toTarget ? (0, 1) : (1, 0);
        int length = TcpHeader + rest.Length;
        byte[] packet = System.Buffers.ArrayPool<byte>.Shared.Rent(IPv6Header + length);
        Span<byte> ip = packet.AsSpan(0, IPv6Header);
        Span<byte> tcp = packet.AsSpan(IPv6Header, length);
        ip.Clear();
        ip[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)length);
        ip[6] = 6;
        ip[7] = 64;
        _addresses.AsSpan(from * 16, 16).CopyTo(ip[8..]);
        _addresses.AsSpan(to * 16, 16).CopyTo(ip[24..]);

        bool isSyn = (flags & Syn) != 0;
        BinaryPrimitives.WriteUInt16BigEndian(tcp, _ports[from]);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], _ports[to]);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], _next[from]);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], (flags & Ack) != 0 ? _next[to] : 0);
        tcp[12] = (byte)((TcpHeader + (isSyn ? Options : 0)) / 4 << 4);
        tcp[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], ushort.MaxValue);
        tcp[16..20].Clear();
        rest.CopyTo(tcp[TcpHeader..]);
        Checksum(ip, tcp).CopyTo(tcp[16..]);

        _acknowledged[to] = (flags & Ack) != 0 ? _next[to] : 0;
        _next[from] += isSyn ? 1u : (uint)rest.Length;
        _next[from] += (flags & Fin) != 0 ? 1u : 0;
        take(packet.AsSpan(0, IPv6Header + length));
        System.Buffers.ArrayPool<byte>.Shared.Return(packet);
    }

    // RFC 9293, 3.1, with the pseudo-header of RFC 8200, 8.1. The sum of words does not depend on the order of their bytes (RFC
    // 1071), so they are added as this machine reads them.
    private static byte[] Checksum(ReadOnlySpan<byte> ip, ReadOnlySpan<byte> tcp)
    {
        Span<byte> rest = stackalloc byte[8];
        rest.Clear();
        BinaryPrimitives.WriteInt32BigEndian(rest, tcp.Length);
        rest[7] = 6;
        ulong sum = Sum(ip[8..]) + Sum(rest) + Sum(tcp);
        while (sum >> 16 != 0)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        byte[] checksum = new byte[2];
        MemoryMarshal.Write(checksum, (ushort)~sum);
        return checksum;
    }

    private static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        foreach (uint word in MemoryMarshal.Cast<byte, uint>(bytes))
        {
            sum += word;
        }

        Span<byte> last = stackalloc byte[4];
        last.Clear();
        bytes[(bytes.Length & ~3)..].CopyTo(last);
        return sum + MemoryMarshal.Read<uint>(last);
    }
}
