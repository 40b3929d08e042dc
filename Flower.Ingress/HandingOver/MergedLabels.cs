// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Ingress.HandingOver;

/// <summary>
/// The labels given to an ingress with those of each of its connections: these are mostly as those of the one before, but for
/// where it comes from. On the loop.
/// </summary>
/// <param name="given">The labels given.</param>
internal sealed class MergedLabels(LabelSet given)
{
    private (LabelSet Own, LabelSet All)? _last;

    /// <summary>Merges them.</summary>
    /// <param name="own">Of the connection.</param>
    /// <param name="contradictions">The keys of which both have another value.</param>
    public LabelSet With(LabelSet own, out IReadOnlyList<string> contradictions)
    {
        contradictions = [];
        if (_last is var (before, merged) && own.ChangesFrom(before) is { } changes
            && Array.TrueForAll(changes, change => given[change.Key] is null))
        {
            merged = merged.WithUnchecked(changes);
        }
        else
        {
            merged = given.Merge(own, out contradictions);
        }

        if (contradictions.Count == 0)
        {
            _last = (own, merged);
        }

        return merged;
    }
}
