// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Protocol;

/// <summary>
/// The strings that came last, so that those that come again and again are kept once. Each message brings its labels as new
/// strings, and the labels of thousands of connections say mostly the same. One pool a thread, of a fixed size.
/// </summary>
internal static class StringPool
{
    private const int Places = 512;

    // What is longer hardly comes again.
    private const int MaxLength = 64;

    [ThreadStatic]
    private static string?[]? _pool;

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
