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

        Posting<T> posting = group.FindSome(query.Stated, shared, out bool isExact);
        if (posting.Only is { } only)
        {
            _ = (isExact || KeyGroup<T>.HasValues(only, query.Stated, shared)) && Take(only, rank);
            return;
        }

        int left = Lookup<T>.MaxTargets;
        foreach (Entry<T> entry in posting.Entries)
        {
            if ((isExact || KeyGroup<T>.HasValues(entry, query.Stated, shared)) && Take(entry, rank)
                && (--left == 0 || IsFull))
            {
                break;
            }
        }
    }

    public Lookup<T> Result()
    {
        if (_matches.Count <= 1)
        {
            return _matches.Count == 0 ? Lookup<T>.None : new([_matches[0].Target], []);
        }

        List<Entry<T>> found = _best == RankClass.Stated
            ? _ranking.Unbeaten(_matches, static e => e.Group, static e => e.Sequence, Lookup<T>.MaxTargets)
            : _matches;
        found.Sort();
        ImmutableArray<T> targets = [.. found.Take(Lookup<T>.MaxTargets).Select(e => e.Target)];
        return new(targets, targets.Length == 1 ? [] : KeysThatDiffer(targets));
    }

    // Of the first class all are needed, since any of them may beat the others.
    private bool IsFull => _best != RankClass.Stated && _matches.Count >= Lookup<T>.MaxTargets;

    private bool Take(Entry<T> entry, RankClass rank)
    {
        if ((eligible is not null && !eligible(entry.Target)) || !_ranking.Takes(entry.Target))
        {
            return false;
        }

        if (rank < _best)
        {
            _best = rank;
            _matches.Clear();
        }

        _matches.Add(entry);
        return true;
    }

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
