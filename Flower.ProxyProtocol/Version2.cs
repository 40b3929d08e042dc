// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.ProxyProtocol;

/// <summary>The numbers of a version 2 header (specification §2.2).</summary>
internal static class Version2
{
    internal const int PrefixBytes = 16;
    internal const int CommandAt = 12;
    internal const int FamilyAt = 13;
    internal const int LengthAt = 14;

    internal const byte Local = 0x20;
    internal const byte Proxy = 0x21;

    internal const byte Unspecified = 0x00;
    internal const byte TcpOverIPv4 = 0x11;
    internal const byte TcpOverIPv6 = 0x21;
    internal const byte UnixStream = 0x31;

    internal const int TlvHeaderBytes = 3;

    internal static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>The size of both addresses and ports; -1: not a family for stream connections.</summary>
    internal static int AddressBytes(byte family) => family switch
    {
        Unspecified => 0,
        TcpOverIPv4 => 2 * (4 + 2),
        TcpOverIPv6 => 2 * (16 + 2),
        UnixStream => 2 * 108,
        _ => -1,
    };
}
