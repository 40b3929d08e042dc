// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Flower.ProxyProtocol;

/// <summary>Writes a header of version 2. Pure.</summary>
public static class ProxyHeaderWriter
{
    private const int MaxBodyBytes = ushort.MaxValue;

    /// <summary>The bytes of a header, which go before all others of the connection.</summary>
    /// <param name="header">
    /// A LOCAL one is written without its addresses and fields, which nobody may read. Where the addresses are not
    /// said, the family is AF_UNSPEC.
    /// </param>
    /// <exception cref="ArgumentException">
    /// One address is missing, they are of different families, or the header is longer than its length can say.
    /// </exception>
    public static byte[] Write(ProxyHeader header)
    {
        ArgumentNullException.ThrowIfNull(header);
        byte family = header.IsLocal ? Version2.Unspecified : Family(header.Source, header.Destination);
        IReadOnlyList<ProxyTlv> tlvs = header.IsLocal ? [] : header.Tlvs;
        long length = Version2.AddressBytes(family) + tlvs.Sum(tlv => (long)Version2.TlvHeaderBytes + tlv.Value.Length);
        if (length > MaxBodyBytes)
        {
            throw new ArgumentException($"a header of {length} bytes: at most {MaxBodyBytes}", nameof(header));
        }

        byte[] bytes = new byte[Version2.PrefixBytes + length];
        Version2.Signature.CopyTo(bytes);
        bytes[Version2.CommandAt] = header.IsLocal ? Version2.Local : Version2.Proxy;
        bytes[Version2.FamilyAt] = family;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(Version2.LengthAt), (ushort)length);
        Span<byte> rest = bytes.AsSpan(Version2.PrefixBytes);
        if (family != Version2.Unspecified)
        {
            WriteAddresses(ref rest, header.Source!, header.Destination!);
        }

        foreach (ProxyTlv tlv in tlvs)
        {
            rest[0] = tlv.Type;
            BinaryPrimitives.WriteUInt16BigEndian(rest[1..], (ushort)tlv.Value.Length);
            tlv.Value.Span.CopyTo(rest[Version2.TlvHeaderBytes..]);
            rest = rest[(Version2.TlvHeaderBytes + tlv.Value.Length)..];
        }

        return bytes;
    }

    private static byte Family(IPEndPoint? source, IPEndPoint? destination) =>
        (source?.AddressFamily, destination?.AddressFamily) switch
        {
            (null, null) => Version2.Unspecified,
            (AddressFamily.InterNetwork, AddressFamily.InterNetwork) => Version2.TcpOverIPv4,
            (AddressFamily.InterNetworkV6, AddressFamily.InterNetworkV6) => Version2.TcpOverIPv6,
            _ => throw new ArgumentException("both addresses, of one family, or none", nameof(source)),
        };

    private static void WriteAddresses(ref Span<byte> rest, IPEndPoint source, IPEndPoint destination)
    {
        foreach (IPEndPoint endPoint in (ReadOnlySpan<IPEndPoint>)[source, destination])
        {
            endPoint.Address.TryWriteBytes(rest, out int written);
            rest = rest[written..];
        }

        foreach (IPEndPoint endPoint in (ReadOnlySpan<IPEndPoint>)[source, destination])
        {
            BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)endPoint.Port);
            rest = rest[sizeof(ushort)..];
        }
    }
}
