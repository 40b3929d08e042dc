// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>The attributes of a netlink message (struct nlattr, linux/netlink.h), one after another.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    /// <summary>The length of struct nlattr.</summary>
    public const int HeaderBytes = 4;

    // Without NLA_F_NESTED and NLA_F_NET_BYTEORDER.
    private const ushort TypeMask = 0x3fff;

    private ReadOnlySpan<byte> _left = bytes;

    public ushort Type { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Goes on to the next one; false: there is none, or it is malformed.</summary>
    public bool MoveNext()
    {
        int length = _left.Length < HeaderBytes ? 0 : MemoryMarshal.Read<ushort>(_left);
        if (length < HeaderBytes || length > _left.Length)
        {
            return false;
        }

        Type = (ushort)(MemoryMarshal.Read<ushort>(_left[2..]) & TypeMask);
        Value = _left[HeaderBytes..length];
        _left = _left[Math.Min(NetlinkMessages.Align(length), _left.Length)..];
        return true;
    }
}
