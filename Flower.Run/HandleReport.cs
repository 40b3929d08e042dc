// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Run;

/// <summary>What is said of a handle with --verbose.</summary>
internal static class HandleReport
{
    /// <summary>Says its rights and labels.</summary>
    public static void Say(Narrowing narrowing, IReadOnlyList<Right> given)
    {
        string rights = given.Count == 0 ? "no right" : string.Join(", ", given.Select(RightWords.WordOf));
        Tool.Say(
            RunCommand.FullName,
            $"a handle with {rights}; in: {WordsOf(narrowing.InLabels)}; out: {WordsOf(narrowing.OutLabels)}");
    }

    private static string WordsOf(LabelSet labels) => labels.IsEmpty ? "no label" : labels.ToString();
}
