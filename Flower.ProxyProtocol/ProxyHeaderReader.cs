// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Net;

namespace Flower.ProxyProtocol;

/// <summary>
/// Reads the header of either version that stands before a connection's own bytes. Pure: it keeps nothing, and the
/// caller consumes what it is told.
/// </summary>
public static class ProxyHeaderReader
{
    /// <summary>The longest header that is read; one that says it is longer is malformed.</summary>
    public const int MaxBytes = 16 * 1024;

    /// <summary>Reads a header.</summary>
    /// <param name="bytes">All bytes so far, from the first. Those after the header are not looked at.</param>
    /// <param name="header">What it says; null unless done.</param>
    /// <param name="length">
    /// Done: the header's length, after which the connection's own bytes begin. More: the length that is needed at
    /// least to go on. Malformed: 0.
    /// </param>
    public static ProxyReadStatus TryRead(ReadOnlySpan<byte> bytes, out ProxyHeader? header, out int length)
    {
        if (bytes.IsEmpty)
        {
            (header, length) = (null, 1);
            return ProxyReadStatus.More;
        }

        return bytes[0] == Version2.Signature[0]
            ? TryReadVersion2(bytes, out header, out length)
            : Version1.TryRead(bytes, out header, out length);
    }

    private static ProxyReadStatus TryReadVersion2(
        ReadOnlySpan<byte> bytes, out ProxyHeader? header, out int length)
    {
        header = null;
        length = Version2.PrefixBytes;
        ReadOnlySpan<byte> signature = bytes[..Math.Min(bytes.Length, Version2.Signature.Length)];
        if (!Version2.Signature.StartsWith(signature)
            || (bytes.Length > Version2.CommandAt
                && bytes[Version2.CommandAt] is not (Version2.Local or Version2.Proxy)))
        {
            length = 0;
            return ProxyReadStatus.Malformed;
        }

        if (bytes.Length < Version2.PrefixBytes)
        {
            return ProxyReadStatus.More;
        }

        length += BinaryPrimitives.ReadUInt16BigEndian(bytes[Version2.LengthAt..]);
        if (length <= MaxBytes && bytes.Length < length)
        {
            return ProxyReadStatus.More;
        }

        header = length <= MaxBytes ? ReadWhole(bytes[..length]) : null;
        length = header is null ? 0 : length;
        return header is null ? ProxyReadStatus.Malformed : ProxyReadStatus.Done;
    }

    // Null: malformed.
    private static ProxyHeader? ReadWhole(ReadOnlySpan<byte> whole)
    {
        // All of a LOCAL header but its length is to be ignored, the family too.
        if (whole[Version2.CommandAt] == Version2.Local)
        {
            return new(true, null, null, []);
        }

        byte family = whole[Version2.FamilyAt];
        int addressBytes = Version2.AddressBytes(family);
        ReadOnlySpan<byte> body = whole[Version2.PrefixBytes..];
        if (addressBytes < 0 || body.Length < addressBytes
            || Tlvs.Read(whole, Version2.PrefixBytes + addressBytes) is not { } tlvs)
        {
            return null;
        }

        int addressLength = family switch
        {
            Version2.TcpOverIPv4 => 4,
            Version2.TcpOverIPv6 => 16,
            _ => 0,
        };
        return addressLength == 0
            ? new(false, null, null, tlvs)
            : new(false, EndPoint(body, addressLength, 0), EndPoint(body, addressLength, 1), tlvs);
    }

    // The two addresses come first, then the two ports.
    private static IPEndPoint EndPoint(ReadOnlySpan<byte> body, int addressLength, int which) => new(
        new IPAddress(body.Slice(which * addressLength, addressLength)),
        BinaryPrimitives.ReadUInt16BigEndian(body[((2 * addressLength) + (2 * which))..]));
}
