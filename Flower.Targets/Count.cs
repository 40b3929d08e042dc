// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Targets;

/// <summary>How many targets, in words.</summary>
internal static class Count
{
    public static string Of(int count, string one, string several) =>
        count == 1 ? $"1 target {one}" : $"{count} targets {several}";
}
