// SPDX-License-Identifier: BSD-2-Clause
using System.Text;

namespace Flower.Protocol;

/// <summary>
/// The strings that came last, so that those that come again and again are kept once. Each message brings its labels as new
/// strings, and the labels of thousands of connections say mostly the same. Of a fixed size, on each
/// thread: one for strings, and one for those that are read from bytes.
/// </summary>
internal static class StringPool
{
    private const int Places = 512;

    // What is longer hardly comes again.
    private const int MaxLength = 64;

    [ThreadStatic]
    private static string?[]? _pool;

    [ThreadStatic]
    private static string?[]? _ofBytes;

    /// <summary>The string of a text; null: it is not ASCII.</summary>
    public static string? OfAscii(ReadOnlySpan<byte> text)
    {
        if (!Ascii.IsValid(text))
        {
            return null;
        }

        if (text.Length > MaxLength)
        {
            return Encoding.ASCII.GetString(text);
        }

        uint hash = 0;
        foreach (byte letter in text)
        {
            hash = (hash * 31) + letter;
        }

        ref string? place = ref (_ofBytes ??= new string?[Places])[hash % Places];
        if (place is null || !Ascii.Equals(text, place))
        {
            place = Encoding.ASCII.GetString(text);
        }

        return place;
    }

    /// <summary>The same string, as the pool has it already.</summary>
    public static string Intern(string text)
    {
        if (text.Length > MaxLength)
        {
            return text;
        }

        ref string? place = ref (_pool ??= new string?[Places])[(uint)text.GetHashCode(StringComparison.Ordinal) % Places];
        if (place is null || !string.Equals(place, text, StringComparison.Ordinal))
        {
            place = text;
        }

        return place;
    }
}
