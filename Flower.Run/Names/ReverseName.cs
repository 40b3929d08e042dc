// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;

namespace Flower.Run.Names;

/// <summary>The names under which addresses are asked about: RFC 1035 §3.5, RFC 3596 §2.5.</summary>
internal static class ReverseName
{
    private const int Nibbles = 32;

    private static ReadOnlySpan<byte> Zone4 => "in-addr.arpa"u8;

    private static ReadOnlySpan<byte> Zone6 => "ip6.arpa"u8;

    private static ReadOnlySpan<byte> HexDigits => "0123456789abcdef"u8;

    /// <summary>Whether a name belongs to addresses, and to no host.</summary>
    public static bool IsReverse(ReadOnlySpan<byte> name) =>
        HostText.IsWithin(name, Zone4) || HostText.IsWithin(name, Zone6);

    /// <summary>The address of such a name; null: it is none, or only a part of one.</summary>
    public static IPAddress? Parse(ReadOnlySpan<byte> name)
    {
        bool is4 = HostText.IsWithin(name, Zone4);
        int zone = 1 + (is4 ? Zone4 : Zone6).Length;
        return name.Length < zone ? null : is4 ? Parse4(name[..^zone]) : Parse6(name[..^zone]);
    }

    private static IPAddress? Parse4(ReadOnlySpan<byte> labels)
    {
        Span<byte> bytes = stackalloc byte[SyntheticAddresses.Bytes4];
        int at = bytes.Length;
        foreach (Range label in labels.Split((byte)'.'))
        {
            ReadOnlySpan<byte> digits = labels[label];
            if (at == 0 || (digits.Length > 1 && digits[0] == '0')
                || !byte.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out bytes[--at]))
            {
                return null;
            }
        }

        return at == 0 ? new(bytes) : null;
    }

    private static IPAddress? Parse6(ReadOnlySpan<byte> labels)
    {
        if (labels.Length != (2 * Nibbles) - 1)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[SyntheticAddresses.Bytes6];
        for (int i = 0; i < Nibbles; i++)
        {
            int digit = HexDigits.IndexOf(labels[2 * i]);
            if (digit < 0 || (i < Nibbles - 1 && labels[(2 * i) + 1] != '.'))
            {
                return null;
            }

            // The last nibble comes first.
            bytes[^((i / 2) + 1)] |= (byte)(digit << (i % 2 * 4));
        }

        return new(bytes);
    }
}
