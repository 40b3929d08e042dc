// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;

namespace Flower.Resolver;

/// <summary>What a name stands for.</summary>
/// <param name="Targets">All of it; none: there is no such name.</param>
/// <param name="TimeToLive">How long that holds.</param>
internal sealed record NameAnswer(IReadOnlyList<ResolvedTarget> Targets, TimeSpan TimeToLive)
{
    /// <summary>How long it holds that there is no such name, where nobody says.</summary>
    public static readonly TimeSpan NegativeTimeToLive = TimeSpan.FromSeconds(5);

    /// <summary>There is no such name.</summary>
    public static NameAnswer None(TimeSpan? timeToLive = null) => new([], timeToLive ?? NegativeTimeToLive);
}
