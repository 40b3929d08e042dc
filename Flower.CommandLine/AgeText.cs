// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.CommandLine;

/// <summary>How long something has been there, in few characters.</summary>
public static class AgeText
{
    /// <summary>The text: 90s, 15m, 3h, 4d.</summary>
    public static string Of(TimeSpan age) => age switch
    {
        { TotalSeconds: < 120 } => $"{(int)age.TotalSeconds}s",
        { TotalMinutes: < 120 } => $"{(int)age.TotalMinutes}m",
        { TotalHours: < 48 } => $"{(int)age.TotalHours}h",
        _ => $"{(int)age.TotalDays}d",
    };
}
