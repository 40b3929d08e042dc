// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;

namespace Flower.Resolver.Static;

/// <summary>Names and what they stand for, as a file says. Immutable.</summary>
/// <param name="Names">Each name with what it stands for.</param>
/// <param name="TimeToLive">How long an answer holds.</param>
internal sealed record NameFile(IReadOnlyDictionary<string, IReadOnlyList<ResolvedTarget>> Names, TimeSpan TimeToLive)
{
    /// <summary>Where the file does not say.</summary>
    public static readonly TimeSpan DefaultTimeToLive = TimeSpan.FromSeconds(5);

    /// <summary>What a name stands for.</summary>
    public NameAnswer Find(string name) =>
        Names.TryGetValue(name, out IReadOnlyList<ResolvedTarget>? targets)
            ? new(targets, TimeToLive)
            : NameAnswer.None(TimeToLive);
}
