// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;

namespace Flower.Switchboard.Routing;

/// <summary>
/// One evaluation of a query. It is shown each group once, in any order, and keeps the matches of the best class so
/// far.
/// </summary>
internal sealed class TargetSearch<T>(Query query, Predicate<T>? eligible)
    where T : class, ITarget
{
    private readonly Ranking<T> _ranking = new(query);
    private readonly List<Entry<T>> _matches = [];
    private RankClass _best = RankClass.None;

    public void Visit(KeyGroup<T> group)
    {
        RankClass rank = _ranking.Of(group, out ImmutableArray<string> shared);
        if (rank == RankClass.None || rank > _best || (rank == _best && IsFull))
        {
            return;
        }

        int left = Lookup<T>.MaxTargets;
        foreach (Entry<T> entry in group.Probe(query.Stated, shared))
        {
            if ((eligible is not null && !eligible(entry.Target)) || !_ranking.Takes(entry.Target))
            {
                continue;
            }

            if (rank < _best)
            {
                _best = rank;
                _matches.Clear();
            }

            _matches.Add(entry);
            if (--left == 0 || IsFull)
            {
                break;
            }
        }
    }

    public Lookup<T> Result()
    {
        List<Entry<T>> found = _best == RankClass.Stated
            ? _ranking.Unbeaten(_matches, static e => e.Group, static e => e.Sequence, Lookup<T>.MaxTargets)
            : _matches;
        found.Sort();
        ImmutableArray<T> targets = [.. found.Take(Lookup<T>.MaxTargets).Select(e => e.Target)];
        return targets.IsEmpty ? Lookup<T>.None : new(targets, targets.Length == 1 ? [] : KeysThatDiffer(targets));
    }

    // Of the first class all are needed, since any of them may beat the others.
    private bool IsFull => _best != RankClass.Stated && _matches.Count >= Lookup<T>.MaxTargets;

    private static ImmutableArray<string> KeysThatDiffer(ImmutableArray<T> targets) =>
    [
        .. targets.SelectMany(t => SortedKeys.Stated(t.Own))
            .Distinct(StringComparer.Ordinal)
            .Where(k => !ReservedKeys.IsReserved(k))
            .Where(k => targets.Any(t =>
                t.Own.States(k) != targets[0].Own.States(k)
                || !string.Equals(t.Own[k], targets[0].Own[k], StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal),
    ];
}
