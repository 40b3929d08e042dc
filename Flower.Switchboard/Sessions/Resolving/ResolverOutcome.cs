// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions.Resolving;

/// <summary>What became of a question.</summary>
internal abstract record ResolverOutcome
{
    private ResolverOutcome()
    {
    }

    /// <summary>What the labels stand for: at least one thing.</summary>
    internal sealed record Found(ImmutableArray<ResolvedTarget> Targets) : ResolverOutcome;

    /// <summary>The name does not exist.</summary>
    internal sealed record NoSuchName : ResolverOutcome;

    /// <summary>The resolver cannot answer at the moment.</summary>
    internal sealed record Failed(string Reason) : ResolverOutcome;

    /// <summary>The resolver's stream ended.</summary>
    internal sealed record Gone : ResolverOutcome;

    /// <summary>The deadline for questions passed.</summary>
    internal sealed record Silent : ResolverOutcome;

    /// <summary>It has as many questions as a resolver may have, or as many of this user's as it may have of one.</summary>
    internal sealed record Busy(int Limit) : ResolverOutcome;
}
