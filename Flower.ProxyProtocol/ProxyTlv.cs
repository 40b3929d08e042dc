// SPDX-License-Identifier: BSD-2-Clause
using System.Text;

namespace Flower.ProxyProtocol;

/// <summary>One more thing that a PROXY v2 header says: type, length, value (specification §2.2.1 to §2.2.8).</summary>
/// <param name="Type">What it is: one of the constants, or another number.</param>
/// <param name="Value">At most 65,535 bytes, together with all else in the header.</param>
public readonly record struct ProxyTlv(byte Type, ReadOnlyMemory<byte> Value)
{
    /// <summary>PP2_TYPE_ALPN: the protocol that was negotiated or offered, such as "h2".</summary>
    public const byte Alpn = 0x01;

    /// <summary>PP2_TYPE_AUTHORITY: the host name that the client asked for, UTF-8.</summary>
    public const byte Authority = 0x02;

    /// <summary>PP2_TYPE_CRC32C: a checksum of the whole header; the reader verifies it.</summary>
    public const byte Crc32C = 0x03;

    /// <summary>PP2_TYPE_NOOP: nothing, or padding.</summary>
    public const byte NoOp = 0x04;

    /// <summary>PP2_TYPE_UNIQUE_ID: identifies the connection, at most 128 bytes.</summary>
    public const byte UniqueId = 0x05;

    /// <summary>PP2_TYPE_MIN_CUSTOM: the first of those that are for everybody's own use, up to 0xEF.</summary>
    public const byte Custom = 0xE0;

    /// <summary>A value of text, as UTF-8.</summary>
    public ProxyTlv(byte type, string text)
        : this(type, Encoding.UTF8.GetBytes(text))
    {
    }

    /// <summary>The value as UTF-8; what is none becomes U+FFFD.</summary>
    public string Text => Encoding.UTF8.GetString(Value.Span);
}
