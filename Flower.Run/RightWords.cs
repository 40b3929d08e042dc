// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Run;

/// <summary>
/// Rights as one types them, <c>client-connect</c>, or as the contract spells them, <c>CLIENT_CONNECT</c>.
/// </summary>
internal static class RightWords
{
    private static readonly ImmutableArray<(string Word, Right Right)> Words =
    [
        ("client-connect", Right.ClientConnect),
        ("egress-start", Right.EgressStart),
        ("ingress-connect", Right.IngressConnect),
        ("resolver-start", Right.ResolverStart),
        ("server-start", Right.ServerStart),
        ("list", Right.List),
        ("tap", Right.Tap),
    ];

    /// <summary>What is passed on without being named: every right but to look into the connections of others.</summary>
    public static IReadOnlyList<Right> All { get; } = [.. Words.Select(pair => pair.Right).Where(right => right != Right.Tap)];

    /// <summary>The words, for help and messages.</summary>
    public static string Known { get; } = string.Join(", ", Words.Select(pair => pair.Word));

    /// <summary>Reads words, each one right or several with commas between them.</summary>
    /// <exception cref="ToolException">A word is no right.</exception>
    public static IReadOnlyList<Right> Parse(IEnumerable<string> words) =>
        [.. words.SelectMany(word => word.Split(',')).Select(ParseOne).Distinct()];

    /// <summary>How one types a right.</summary>
    public static string WordOf(Right right) => Words.First(pair => pair.Right == right).Word;

    private static Right ParseOne(string word)
    {
        string typed = word.Trim().Replace('_', '-');
        Right right = Words.FirstOrDefault(pair => pair.Word.Equals(typed, StringComparison.OrdinalIgnoreCase)).Right;
        return right != Right.Unspecified
            ? right
            : throw new ToolException(
                ExitCodes.Usage, $"'{LabelRules.Printable(word)}' is not a right for --right: there are {Known}");
    }
}
