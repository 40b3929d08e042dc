// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions.Resolving;

/// <summary>A request on its way from names to targets: what it states by now, and who was asked what.</summary>
/// <param name="Wish">The request, with the labels that its names stand for.</param>
/// <param name="Translated">The keys that were translated, or could have been by who was asked; none of them is again.</param>
/// <param name="Asked">Who was asked what, for people: one after another.</param>
/// <param name="IsNew">The last answer stated something that was not stated before.</param>
internal sealed record NameStep(
    Request Wish, ImmutableArray<string> Translated, ImmutableArray<string> Asked, bool IsNew = true)
{
    /// <summary>How often names may stand for names.</summary>
    public const int MaxDepth = 4;

    /// <summary>The beginning.</summary>
    public static NameStep First(Request wish) => new(wish, [], []);

    /// <summary>The next one: with the labels of one of the things that a name stands for.</summary>
    /// <param name="keys">The keys that the resolver translates: what it answers at one of them is no name any more.</param>
    /// <param name="asked">Who was asked what, for people.</param>
    /// <param name="target">What was answered.</param>
    /// <param name="contradictions">The keys at which that contradicts the request; then there is none.</param>
    /// <exception cref="Grpc.Core.RpcException">There are too many labels.</exception>
    public NameStep? Next(
        ImmutableArray<string> keys, string asked, ResolvedTarget target, out IReadOnlyList<string> contradictions)
    {
        Request? wish = Wish.With(target.Labels, out contradictions);
        return wish is null
            ? null
            : new(
                wish,
                [.. Translated.Union(keys, StringComparer.Ordinal)],
                Asked.Add(asked),
                !wish.Stated.Equals(Wish.Stated));
    }
}
