// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>How one target stands to a query, and why.</summary>
/// <param name="Target">The target.</param>
/// <param name="Standing">Whether it would be taken.</param>
/// <param name="Rank">How well it matches; none, if it does not.</param>
internal sealed record Explanation<T>(T Target, Standing Standing, RankClass Rank)
    where T : class, ITarget
{
    /// <summary>The keys of which the request and the target have different values.</summary>
    public IReadOnlyList<string> Contradictions { get; init; } = [];

    /// <summary>Keys that the target requires and the request does not state.</summary>
    public ImmutableArray<string> Missing { get; init; } = [];

    /// <summary>Keys that the request requires and the target does not state.</summary>
    public ImmutableArray<string> Unmet { get; init; } = [];

    /// <summary>What else is in the way.</summary>
    public Obstacle Obstacle { get; init; }

    /// <summary>One that it stands behind.</summary>
    public T? OutrankedBy { get; init; }

    /// <summary>
    /// How many labels of the request would have to be others for a match: none for one that matches; null: no labels help.
    /// </summary>
    public int? Distance { get; init; }
}
