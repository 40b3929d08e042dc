// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Text.Json;

namespace Flower.Protocol;

/// <summary>What is wrong with JSON that somebody wrote, in words.</summary>
public static class JsonFault
{
    // After the reason stands the place, in words of the reader's own; either may be the first of them.
    private static readonly string[] Places = [" Path: ", " LineNumber: "];

    /// <summary>
    /// <c>line 3, column 7: REASON</c>, both counted from 1, the column in bytes; without the place where it is not known. Safe
    /// for a terminal, although the reason may show the character that was wrong.
    /// </summary>
    public static string Words(JsonException fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        int end = Places.Select(place => fault.Message.IndexOf(place, StringComparison.Ordinal)).Where(at => at >= 0)
            .DefaultIfEmpty(fault.Message.Length).Min();
        string reason = LabelRules.Printable(fault.Message[..end].TrimEnd('.'));
        return fault is { LineNumber: long line, BytePositionInLine: long column }
            ? string.Create(CultureInfo.InvariantCulture, $"line {line + 1}, column {column + 1}: {reason}")
            : reason;
    }
}
