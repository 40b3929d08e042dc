// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;

namespace Flower.Run.Names;

/// <summary>Names of hosts as text: ASCII, small letters, dots between the labels and none at the end.</summary>
internal static class HostText
{
    /// <summary>How long a name is at most: RFC 1035 §2.3.4, as text.</summary>
    public const int MaxBytes = 253;

    /// <summary>How long a part of it is at most.</summary>
    public const int MaxLabelBytes = 63;

    private static readonly SearchValues<byte> Good = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_"u8);
    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789"u8);

    /// <summary>
    /// Whether a host can have this name: letters, digits, hyphens and underscores. Names whose last label is a number
    /// are left to addresses (RFC 1123 §2.1, RFC 3696 §2), so that a numeric address never becomes a name.
    /// </summary>
    public static bool IsHost(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > MaxBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = name;
        while (true)
        {
            int length = rest.IndexOf((byte)'.');
            ReadOnlySpan<byte> label = length < 0 ? rest : rest[..length];
            if (label.Length is 0 or > MaxLabelBytes || label.ContainsAnyExcept(Good))
            {
                return false;
            }

            if (length < 0)
            {
                return label.ContainsAnyExcept(Digits);
            }

            rest = rest[(length + 1)..];
        }
    }

    /// <summary>Whether a name is a domain or lies in it.</summary>
    public static bool IsWithin(ReadOnlySpan<byte> name, ReadOnlySpan<byte> domain) =>
        name.EndsWith(domain) && (name.Length == domain.Length || name[^(domain.Length + 1)] == '.');
}
