// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>The messages in one netlink datagram (netlink(7), linux/netlink.h), one after another.</summary>
internal ref struct NetlinkMessages(ReadOnlySpan<byte> datagram)
{
    /// <summary>The length of struct nlmsghdr.</summary>
    public const int HeaderBytes = 16;

    /// <summary>NLM_F_REQUEST.</summary>
    public const ushort Request = 1;

    /// <summary>NLM_F_ACK.</summary>
    public const ushort WithAck = 4;

    /// <summary>NLM_F_DUMP_INTR: what is told changed meanwhile.</summary>
    public const ushort Interrupted = 0x10;

    /// <summary>NLM_F_DUMP: all there is.</summary>
    public const ushort Dump = 0x300;

    /// <summary>NLMSG_ERROR.</summary>
    public const ushort Error = 2;

    /// <summary>NLMSG_DONE.</summary>
    public const ushort Done = 3;

    private ReadOnlySpan<byte> _left = datagram;

    public ushort Type { get; private set; }

    public ushort Flags { get; private set; }

    public uint Sequence { get; private set; }

    /// <summary>What follows the header.</summary>
    public ReadOnlySpan<byte> Payload { get; private set; }

    /// <summary>A length is not possible: what follows is lost.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The error number that Error and Done begin with; 0: none.</summary>
    public readonly int ErrorNumber => Payload.Length < sizeof(int) ? 0 : -MemoryMarshal.Read<int>(Payload);

    /// <summary>Messages and attributes begin at multiples of 4.</summary>
    public static int Align(int length) => (length + 3) & ~3;

    /// <summary>Writes struct nlmsghdr.</summary>
    public static void WriteHeader(Span<byte> message, ushort type, ushort flags, uint sequence)
    {
        MemoryMarshal.Write(message, message.Length);
        MemoryMarshal.Write(message[4..], type);
        MemoryMarshal.Write(message[6..], flags);
        MemoryMarshal.Write(message[8..], sequence);
        MemoryMarshal.Write(message[12..], 0);
    }

    /// <summary>Goes on to the next one; false: there is none.</summary>
    public bool MoveNext()
    {
        if (_left.IsEmpty)
        {
            return false;
        }

        int length = _left.Length < HeaderBytes ? 0 : MemoryMarshal.Read<int>(_left);
        if (length < HeaderBytes || length > _left.Length)
        {
            IsMalformed = true;
            return false;
        }

        Type = MemoryMarshal.Read<ushort>(_left[4..]);
        Flags = MemoryMarshal.Read<ushort>(_left[6..]);
        Sequence = MemoryMarshal.Read<uint>(_left[8..]);
        Payload = _left[HeaderBytes..length];
        _left = _left[Math.Min(Align(length), _left.Length)..];
        return true;
    }
}
