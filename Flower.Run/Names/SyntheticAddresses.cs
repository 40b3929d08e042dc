// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Flower.Run.Names;

/// <summary>
/// The addresses that stand for names in a box. Name number <c>i</c> has the IPv4 address 198.18.0.0 + <c>i</c>, of the
/// range for benchmarks (RFC 2544, RFC 6890), which nobody routes, and the IPv6 address fd66:6c6f:7765:7200:: + <c>i</c>,
/// a unique local one (RFC 4193) whose global ID spells "flower" with the byte before and after it. Numbers below
/// <see cref="FirstNumber"/> are no name's: some are the box's own.
/// </summary>
internal static class SyntheticAddresses
{
    /// <summary>The first number that a name may have: 198.18.1.0.</summary>
    public const int FirstNumber = 256;

    /// <summary>The last one: 198.19.255.255.</summary>
    public const int LastNumber = 0x1_FFFF;

    /// <summary>Bytes of an IPv4 address.</summary>
    public const int Bytes4 = 4;

    /// <summary>Bytes of an IPv6 address.</summary>
    public const int Bytes6 = 16;

    private const uint First4 = 0xC612_0000;
    private const ulong Prefix6 = 0xFD66_6C6F_7765_7200;
    private const int StubNumber = 1;
    private const int OwnNumber = 2;

    /// <summary>All IPv4 addresses that are synthetic or the box's own: 198.18.0.0/15.</summary>
    public static IPNetwork Range4 { get; } = new(Of4(0), 15);

    /// <summary>All IPv6 addresses that are synthetic or the box's own: fd66:6c6f:7765:7200::/64.</summary>
    public static IPNetwork Range6 { get; } = new(Of6(0), 64);

    /// <summary>Where names are asked for: 198.18.0.1.</summary>
    public static IPAddress Stub4 { get; } = Of4(StubNumber);

    /// <summary>Where names are asked for over IPv6.</summary>
    public static IPAddress Stub6 { get; } = Of6(StubNumber);

    /// <summary>The address that programs in the box call from: 198.18.0.2.</summary>
    public static IPAddress Own4 { get; } = Of4(OwnNumber);

    /// <summary>The address that programs in the box call from over IPv6.</summary>
    public static IPAddress Own6 { get; } = Of6(OwnNumber);

    /// <summary>The IPv4 address of a number.</summary>
    public static IPAddress Of4(int number)
    {
        Span<byte> bytes = stackalloc byte[Bytes4];
        Write4(number, bytes);
        return new(bytes);
    }

    /// <summary>The IPv6 address of a number.</summary>
    public static IPAddress Of6(int number)
    {
        Span<byte> bytes = stackalloc byte[Bytes6];
        Write6(number, bytes);
        return new(bytes);
    }

    /// <summary>Writes the IPv4 address of a number in network order.</summary>
    public static void Write4(int number, Span<byte> bytes) =>
        BinaryPrimitives.WriteUInt32BigEndian(bytes, First4 + (uint)number);

    /// <summary>Writes the IPv6 address of a number in network order.</summary>
    public static void Write6(int number, Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Prefix6);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[sizeof(ulong)..], (ulong)number);
    }

    /// <summary>
    /// Whether an address lies in the ranges, so that a connect to it means a name or nothing. IPv4-mapped ones count as
    /// IPv4.
    /// </summary>
    public static bool Contains(IPAddress address) => TryFindNumber(address, out _);

    /// <summary>
    /// The number of an address in the ranges; -1: one that no name can have, though it lies there. False: it is not in
    /// the ranges.
    /// </summary>
    public static bool TryFindNumber(IPAddress address, out int number)
    {
        Span<byte> bytes = stackalloc byte[Bytes6];
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        plain.TryWriteBytes(bytes, out _);
        ulong offset;
        if (plain.AddressFamily == AddressFamily.InterNetwork)
        {
            offset = BinaryPrimitives.ReadUInt32BigEndian(bytes) - (ulong)First4;
            number = offset is >= FirstNumber and <= LastNumber ? (int)offset : -1;
            return offset <= LastNumber;
        }

        offset = BinaryPrimitives.ReadUInt64BigEndian(bytes[sizeof(ulong)..]);
        number = offset is >= FirstNumber and <= LastNumber ? (int)offset : -1;
        return BinaryPrimitives.ReadUInt64BigEndian(bytes) == Prefix6;
    }
}
