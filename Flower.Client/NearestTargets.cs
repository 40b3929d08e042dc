// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>The targets that come nearest to a match, of any number: no more than twice as many are kept at a time.</summary>
internal sealed class NearestTargets(int max)
{
    private readonly List<TargetExplanation> _kept = [];

    /// <summary>How many there were.</summary>
    public int Count { get; private set; }

    public void Add(TargetExplanation target)
    {
        Count++;
        _kept.Add(target);
        if (_kept.Count - max > Math.Max(max, 64))
        {
            Cut();
        }
    }

    /// <summary>Those that were kept, nearest first; as they came, where they are as near.</summary>
    public IReadOnlyList<TargetExplanation> ToList()
    {
        Cut();
        return _kept;
    }

    private void Cut()
    {
        // A stable sort, unlike List.Sort.
        TargetExplanation[] nearest =
        [
            .. _kept.OrderBy(t => t.Standing == Standing.Unspecified ? int.MaxValue : (int)t.Standing)
                .ThenBy(t => t.Rank)
                .ThenBy(t => t.Distance ?? int.MaxValue)
                .Take(max),
        ];
        _kept.Clear();
        _kept.AddRange(nearest);
    }
}
