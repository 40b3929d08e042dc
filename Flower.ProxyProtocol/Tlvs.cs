// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Numerics;

namespace Flower.ProxyProtocol;

/// <summary>The type-length-value fields at the end of a version 2 header.</summary>
internal static class Tlvs
{
    private const int ChecksumBytes = 4;

    /// <returns>Null: a field goes beyond the header, or the checksum is wrong.</returns>
    internal static IReadOnlyList<ProxyTlv>? Read(ReadOnlySpan<byte> whole, int start)
    {
        var tlvs = new List<ProxyTlv>();
        bool hasChecksum = false;
        for (int at = start; at < whole.Length;)
        {
            if (whole.Length - at < Version2.TlvHeaderBytes)
            {
                return null;
            }

            byte type = whole[at];
            int length = BinaryPrimitives.ReadUInt16BigEndian(whole[(at + 1)..]);
            at += Version2.TlvHeaderBytes;
            if (whole.Length - at < length)
            {
                return null;
            }

            if (type == ProxyTlv.Crc32C)
            {
                if (hasChecksum || length != ChecksumBytes || !IsChecksum(whole, at))
                {
                    return null;
                }

                hasChecksum = true;
            }

            tlvs.Add(new(type, whole.Slice(at, length).ToArray()));
            at += length;
        }

        return tlvs;
    }

    // Of the whole header, with zeros in the place of the checksum itself (specification §2.2.3; RFC 3309 for CRC32C).
    private static bool IsChecksum(ReadOnlySpan<byte> whole, int at)
    {
        uint crc = uint.MaxValue;
        for (int i = 0; i < whole.Length; i++)
        {
            bool isOwn = i >= at && i < at + ChecksumBytes;
            crc = BitOperations.Crc32C(crc, isOwn ? (byte)0 : whole[i]);
        }

        return ~crc == BinaryPrimitives.ReadUInt32BigEndian(whole[at..]);
    }
}
