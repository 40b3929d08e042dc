// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Flower.ProxyProtocol;

/// <summary>A version 1 header (specification §2.1): <c>PROXY TCP4 192.0.2.1 192.0.2.2 4711 80</c>.</summary>
internal static class Version1
{
    // With its CRLF.
    private const int MaxBytes = 107;

    private static ReadOnlySpan<byte> Start => "PROXY "u8;

    private static ReadOnlySpan<byte> Unknown => "PROXY UNKNOWN"u8;

    internal static ProxyReadStatus TryRead(ReadOnlySpan<byte> bytes, out ProxyHeader? header, out int length)
    {
        header = null;
        length = 0;
        ReadOnlySpan<byte> line = bytes[..Math.Min(bytes.Length, MaxBytes)];
        int end = line.IndexOfAnyExceptInRange((byte)' ', (byte)'~');
        bool isOpen = end < 0 || (line[end] == '\r' && end + 1 == line.Length);
        if (!Start.StartsWith(line[..Math.Min(line.Length, Start.Length)])
            || (isOpen && line.Length == MaxBytes)
            || (!isOpen && !line[end..].StartsWith("\r\n"u8)))
        {
            return ProxyReadStatus.Malformed;
        }

        if (isOpen)
        {
            length = line.Length + (end < 0 ? 2 : 1);
            return ProxyReadStatus.More;
        }

        header = ReadLine(line[..end]);
        length = header is null ? 0 : end + 2;
        return header is null ? ProxyReadStatus.Malformed : ProxyReadStatus.Done;
    }

    // Null: malformed.
    private static ProxyHeader? ReadLine(ReadOnlySpan<byte> line)
    {
        // What comes after UNKNOWN is to be ignored.
        if (line.SequenceEqual(Unknown) || (line.StartsWith(Unknown) && line[Unknown.Length] == ' '))
        {
            return new(false, null, null, []);
        }

        string[] words = Encoding.ASCII.GetString(line).Split(' ');
        AddressFamily family = words.Length != 6 ? AddressFamily.Unknown
            : words[1] == "TCP4" ? AddressFamily.InterNetwork
            : words[1] == "TCP6" ? AddressFamily.InterNetworkV6
            : AddressFamily.Unknown;
        return family != AddressFamily.Unknown
            && Address(words[2], family) is { } source && Address(words[3], family) is { } destination
            && Port(words[4]) is { } sourcePort && Port(words[5]) is { } destinationPort
            ? new(false, new(source, sourcePort), new(destination, destinationPort), [])
            : null;
    }

    // TryParse also takes 127.1 and 0x7f.0.0.1, and of IPv6 brackets, scopes and prefix lengths.
    private static IPAddress? Address(string word, AddressFamily family)
    {
        bool isPlain = family == AddressFamily.InterNetwork || !word.AsSpan().ContainsAny("[]%/");
        return isPlain && IPAddress.TryParse(word, out IPAddress? address) && address.AddressFamily == family
            && (family == AddressFamily.InterNetworkV6 || address.ToString() == word)
            ? address
            : null;
    }

    private static ushort? Port(string word) =>
        ushort.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
        && (word.Length == 1 || word[0] != '0')
            ? port
            : null;
}
