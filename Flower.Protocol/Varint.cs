// SPDX-License-Identifier: BSD-2-Clause
using System.Numerics;

namespace Flower.Protocol;

/// <summary>Numbers as protobuf writes them, base 128, the lowest seven bits first. Of at most 32 bits where they are read.</summary>
public static class Varint
{
    /// <summary>The most bytes of one that is read.</summary>
    public const int MaxBytes = 5;

    /// <summary>How many bytes one has.</summary>
    public static int Size(ulong number) => (70 - BitOperations.LeadingZeroCount(number | 1)) / 7;

    /// <summary>Writes one, and returns its bytes.</summary>
    public static int Write(Span<byte> to, ulong number)
    {
        int count = 0;
        for (; number > 0x7f; number >>= 7)
        {
            to[count++] = (byte)(number | 0x80);
        }

        to[count++] = (byte)number;
        return count;
    }

    /// <summary>Reads one, and returns its bytes; 0: it is cut off, or is none of 32 bits.</summary>
    public static int Read(ReadOnlySpan<byte> from, out uint number)
    {
        number = 0;
        for (int i = 0; i < from.Length && i < MaxBytes; i++)
        {
            number |= (uint)(from[i] & 0x7f) << (7 * i);
            if (from[i] <= 0x7f)
            {
                return i < MaxBytes - 1 || from[i] <= 0x0f ? i + 1 : 0;
            }
        }

        number = 0;
        return 0;
    }
}
