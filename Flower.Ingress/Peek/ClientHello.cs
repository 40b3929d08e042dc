// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Protocol;

namespace Flower.Ingress.Peek;

/// <summary>The body of a whole ClientHello: <see cref="TlsPeek"/> finds it. Every length in it is checked.</summary>
internal static class ClientHello
{
    private const int VersionAndRandomBytes = 2 + 32;
    private const int MaxSessionIdBytes = 32;
    private const int ServerNameExtension = 0;
    private const int AlpnExtension = 16;
    private const int HostNameType = 0;

    internal static PeekResult Read(ReadOnlySpan<byte> body)
    {
        var hello = new Vectors(body);
        if (!hello.TrySkip(VersionAndRandomBytes)
            || !hello.TryShort(out ReadOnlySpan<byte> sessionId) || sessionId.Length > MaxSessionIdBytes
            || !hello.TryLong(out ReadOnlySpan<byte> ciphers) || ciphers.IsEmpty || ciphers.Length % 2 != 0
            || !hello.TryShort(out ReadOnlySpan<byte> compressions) || compressions.IsEmpty)
        {
            return PeekResult.Malformed;
        }

        // Before TLS 1.3 there may be none.
        if (hello.IsAtEnd)
        {
            return PeekResult.Nothing;
        }

        return hello.TryLong(out ReadOnlySpan<byte> extensions) && hello.IsAtEnd
            ? ReadExtensions(extensions)
            : PeekResult.Malformed;
    }

    private static PeekResult ReadExtensions(ReadOnlySpan<byte> bytes)
    {
        var extensions = new Vectors(bytes);
        string? name = null;
        string? protocol = null;
        bool hasAlpn = false;
        while (!extensions.IsAtEnd)
        {
            if (!extensions.TryUInt16(out ushort type) || !extensions.TryLong(out ReadOnlySpan<byte> data))
            {
                return PeekResult.Malformed;
            }

            // There must not be two of one type (RFC 8446 §4.2): who reads the other one would see another name.
            if ((type == ServerNameExtension && (name is not null || (name = ReadServerName(data)) is null))
                || (type == AlpnExtension && (hasAlpn || !TryReadAlpn(data, out protocol))))
            {
                return PeekResult.Malformed;
            }

            hasAlpn |= type == AlpnExtension;
        }

        var labels = new List<KeyValuePair<string, string>>(2);
        if (name is not null)
        {
            labels.Add(new("tls_server_name", name));
        }

        if (protocol is not null)
        {
            labels.Add(new("tls_alpn", protocol));
        }

        return PeekResult.Done(LabelSet.Create(labels));
    }

    // Null: malformed. A list without a host name is as well, since no other type is defined.
    private static string? ReadServerName(ReadOnlySpan<byte> data)
    {
        var extension = new Vectors(data);
        if (!extension.TryLong(out ReadOnlySpan<byte> list) || !extension.IsAtEnd)
        {
            return null;
        }

        var names = new Vectors(list);
        string? found = null;
        while (!names.IsAtEnd)
        {
            if (!names.TryByte(out byte type) || !names.TryLong(out ReadOnlySpan<byte> name)
                || (type == HostNameType && (found is not null || (found = HostName.Normalise(name)) is null)))
            {
                return null;
            }
        }

        return found;
    }

    private static bool TryReadAlpn(ReadOnlySpan<byte> data, out string? first)
    {
        first = null;
        var extension = new Vectors(data);
        if (!extension.TryLong(out ReadOnlySpan<byte> list) || !extension.IsAtEnd || list.IsEmpty)
        {
            return false;
        }

        var protocols = new Vectors(list);
        while (!protocols.IsAtEnd)
        {
            if (!protocols.TryShort(out ReadOnlySpan<byte> protocol) || protocol.IsEmpty)
            {
                return false;
            }

            if (first is null && !IsGrease(protocol) && !protocol.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E))
            {
                first = Encoding.ASCII.GetString(protocol);
            }
        }

        return true;
    }

    // 0A 0A, 1A 1A … FA FA (RFC 8701 §3.1): some of them are printable, such as "ZZ".
    private static bool IsGrease(ReadOnlySpan<byte> protocol) =>
        protocol.Length == 2 && protocol[0] == protocol[1] && (protocol[0] & 0x0F) == 0x0A;
}
