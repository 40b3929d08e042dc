// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>The targets that come nearest to a match, of any number: no more than twice as many are kept at a time.</summary>
/// <param name="max">How many.</param>
/// <param name="stated">The labels of the request: of misses that are as far away, those with more of them come first.</param>
internal sealed class NearestTargets(int max, IReadOnlyList<Label> stated)
{
    private readonly Dictionary<string, string> _stated = stated.ToDictionary(l => l.Key, l => l.Value);
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
                .ThenByDescending(InCommon)
                .Take(max),
        ];
        _kept.Clear();
        _kept.AddRange(nearest);
    }

    private int InCommon(TargetExplanation target) => target.Standing != Standing.NoMatch
        ? 0
        : target.Target.Labels.Count(l => _stated.TryGetValue(l.Key, out string? value) && value == l.Value);
}
