// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;

namespace Flower.Ingress.Peek;

/// <summary>A host and perhaps a port, as in a Host header or in the target of a request (RFC 9110 §7.2).</summary>
/// <param name="Host">In its one spelling, an IPv6 address in brackets; empty where the header is.</param>
/// <param name="Port">Null: the protocol's own.</param>
internal readonly record struct Authority(string Host, ushort? Port)
{
    private static readonly SearchValues<byte> IPv6Bytes = SearchValues.Create("0123456789abcdefABCDEF:."u8);

    /// <returns>Null: it is none, or has a user name.</returns>
    internal static Authority? Read(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return new("", null);
        }

        int end = text[0] == '[' ? text.IndexOf((byte)']') + 1 : text.IndexOf((byte)':');
        end = end < 0 ? text.Length : end;
        string? host = text[0] == '[' ? ReadIPv6(text[..end]) : HostName.Normalise(text[..end]);
        return host is not null && TryReadPort(text[end..], out ushort? port) ? new(host, port) : null;
    }

    /// <summary>The same place, where a port that is not said is <paramref name="defaultPort"/>.</summary>
    internal bool IsSame(Authority other, ushort? defaultPort) =>
        string.Equals(Host, other.Host, StringComparison.Ordinal)
        && (Port ?? defaultPort) == (other.Port ?? defaultPort);

    private static string? ReadIPv6(ReadOnlySpan<byte> bracketed)
    {
        // TryParse also takes a scope, and a prefix length.
        if (bracketed.Length < 4 || bracketed[1..^1].ContainsAnyExcept(IPv6Bytes)
            || !IPAddress.TryParse(Encoding.ASCII.GetString(bracketed[1..^1]), out IPAddress? address)
            || address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6)
        {
            return null;
        }

        return $"[{address}]";
    }

    private static bool TryReadPort(ReadOnlySpan<byte> text, out ushort? port)
    {
        port = null;
        if (text.Length <= 1)
        {
            return text.IsEmpty || text[0] == ':';
        }

        if (text[0] != ':'
            || !ushort.TryParse(text[1..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort number))
        {
            return false;
        }

        port = number;
        return true;
    }
}
