// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using System.Text;

namespace Flower.Protocol;

/// <summary>What a key, a value and a set may be. The limits hold on both sides of the wire.</summary>
public static class LabelRules
{
    /// <summary>The largest key, in bytes of UTF-8.</summary>
    public const int MaxKeyBytes = 256;

    /// <summary>The largest value, in bytes of UTF-8.</summary>
    public const int MaxValueBytes = 4096;

    /// <summary>The most labels and required keys of one side.</summary>
    public const int MaxLabels = 64;

    /// <summary>The most bytes of keys and values of one side.</summary>
    public const int MaxSetBytes = 16 * 1024;

    /// <summary>The prefix of the keys that only the switchboard states about a side.</summary>
    public const string ReservedPrefix = "flower.";

    private static readonly SearchValues<char> NotInKeys =
        SearchValues.Create(['=', .. Enumerable.Range(0, 256).Select(i => (char)i).Where(char.IsControl)]);

    // Strict: a lone surrogate has no UTF-8 and would reach the peer as something else.
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Checks a key.</summary>
    /// <exception cref="LabelException">It is empty, too long, or has a character that keys must not have.</exception>
    public static void CheckKey(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Length == 0)
        {
            throw new LabelException("a label key must not be empty");
        }

        if (key[0] == '+')
        {
            throw new LabelException($"label key '{Printable(key)}' must not begin with '+', which marks a required key", key);
        }

        if (key.AsSpan().IndexOfAny(NotInKeys) is int at and >= 0)
        {
            string what = key[at] == '=' ? "'='" : "control characters";
            throw new LabelException($"label key '{Printable(key)}' must not contain {what}", key);
        }

        if (CountBytes(key, "label key") > MaxKeyBytes)
        {
            throw new LabelException(
                $"label key '{key[..16]}…' is longer than {MaxKeyBytes} bytes", key);
        }
    }

    /// <summary>Checks the value of a key.</summary>
    /// <exception cref="LabelException">It is too long or contains NUL.</exception>
    public static void CheckValue(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Contains('\0', StringComparison.Ordinal))
        {
            throw new LabelException($"the value of label '{key}' must not contain NUL", key);
        }

        if (CountBytes(value, "value of label", key) > MaxValueBytes)
        {
            throw new LabelException($"the value of label '{key}' is longer than {MaxValueBytes} bytes", key);
        }
    }

    /// <summary>Makes a text safe to print on a terminal: control characters become '?'.</summary>
    public static string Printable(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return string.Create(text.Length, text, static (span, from) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(from[i]) ? '?' : from[i];
            }
        });
    }

    /// <summary>The length of a text in bytes of UTF-8.</summary>
    /// <exception cref="LabelException">It is not well-formed.</exception>
    internal static int CountBytes(string text, string what, string? key = null)
    {
        if (Ascii.IsValid(text))
        {
            return text.Length;
        }

        try
        {
            return Utf8.GetByteCount(text);
        }
        catch (EncoderFallbackException)
        {
            throw new LabelException($"the {what}{(key is null ? "" : $" '{key}'")} is not well-formed Unicode");
        }
    }
}
