// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Protocol;

/// <summary>How many there are of something, for people.</summary>
public static class Plural
{
    /// <summary><c>1 target</c>, <c>3 targets</c>.</summary>
    /// <param name="count">How many.</param>
    /// <param name="one">What one is called.</param>
    /// <param name="several">What several are called, if not the same with an <c>s</c>.</param>
    public static string Of(long count, string one, string? several = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : several ?? one + "s")}");
}
