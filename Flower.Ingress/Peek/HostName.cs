// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using System.Text;

namespace Flower.Ingress.Peek;

/// <summary>
/// The one spelling of a host name, so that equal names are equal labels: lower case, without the final dot. The
/// lengths are those of RFC 1035 §2.3.4; '_' is no letter of a host name there, and in use all the same.
/// </summary>
internal static class HostName
{
    private const int MaxBytes = 253;
    private const int MaxPartBytes = 63;

    private static readonly SearchValues<byte> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."u8);

    /// <returns>Null: it is no host name.</returns>
    internal static string? Normalise(ReadOnlySpan<byte> text)
    {
        if (text is [.., (byte)'.'])
        {
            text = text[..^1];
        }

        return text.Length is not 0 and <= MaxBytes && !text.ContainsAnyExcept(Allowed) && HasParts(text)
            ? Encoding.ASCII.GetString(text).ToLowerInvariant()
            : null;
    }

    private static bool HasParts(ReadOnlySpan<byte> text)
    {
        foreach (Range part in text.Split((byte)'.'))
        {
            if (text[part].Length is 0 or > MaxPartBytes)
            {
                return false;
            }
        }

        return true;
    }
}
