// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>
/// One evaluation of a query. It is shown each group once, in any order, and keeps the matches of the best class so
/// far. Class and beating depend on the keys alone, which a group has in common; values are left to its indexes.
/// </summary>
internal sealed class TargetSearch<T>(Query query, Predicate<T>? eligible)
    where T : class, ITarget
{
    private readonly ImmutableArray<string> _labelKeys = SortedKeys.OfLabels(query.Stated);
    private readonly ImmutableArray<string> _statedKeys = SortedKeys.Stated(query.Stated);
    private readonly List<Entry<T>> _matches = [];

    // A request that requires a key, or asks for it, never gets a target that it has nothing in common with. A reserved
    // key that it requires is no wish for company: it only excludes.
    private readonly RankClass _worst = query.RelatedOnly || !query.Stated.RequiredKeys.All(ReservedKeys.IsReserved)
        ? RankClass.Related
        : RankClass.Unrelated;

    private RankClass _best = RankClass.None;

    public void Visit(KeyGroup<T> group)
    {
        if (!group.StatesAndIsStated(query.Stated, _statedKeys))
        {
            return;
        }

        ImmutableArray<string> shared = SortedKeys.Intersect(group.LabelKeys, _labelKeys);
        RankClass rank = RankOf(group, shared);
        if (rank > _worst || rank > _best || (rank == _best && IsFull))
        {
            return;
        }

        int left = Lookup<T>.MaxTargets;
        foreach (Entry<T> entry in group.Probe(query.Stated, shared))
        {
            if ((eligible is not null && !eligible(entry.Target)) || !Takes(entry.Target))
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
        List<Entry<T>> found = _best == RankClass.Stated ? Unbeaten() : _matches;
        found.Sort();
        ImmutableArray<T> targets = [.. found.Take(Lookup<T>.MaxTargets).Select(e => e.Target)];
        return targets.IsEmpty ? Lookup<T>.None : new(targets, targets.Length == 1 ? [] : KeysThatDiffer(targets));
    }

    // A general egress never takes an ingress, whose labels say where it came to and not where it wants to go.
    private bool Takes(T target) => !query.Ingress || target.Kind != TargetKind.Egress || target.IsFixedDestination;

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

    // Matches of the first class have the request's values wherever they have a label, so keys decide; of them those
    // that rank, since a pinned or attested label only excludes. Where these are the same, fewer others are closer to
    // what was given.
    private bool Beats(KeyGroup<T> a, KeyGroup<T> b) => Covers(a, b) && (!Covers(b, a) || Others(a) < Others(b));

    private bool Covers(KeyGroup<T> a, KeyGroup<T> b) =>
        SortedKeys.IsSubset(Ranking(b.OwnKeys), a.OwnKeys)
        && SortedKeys.IsSubset(Ranking(b.RequiredKeys), a.OwnStatedKeys);

    private ImmutableArray<string> Ranking(ImmutableArray<string> keys) =>
        SortedKeys.Intersect(keys, query.RankingKeys);

    private int Weight(KeyGroup<T> group) => Ranking(group.OwnKeys).Length + Ranking(group.OwnStatedKeys).Length;

    private int Others(KeyGroup<T> group) => group.OwnStatedKeys.Length - Ranking(group.OwnStatedKeys).Length;

    private RankClass RankOf(KeyGroup<T> group, ImmutableArray<string> shared) =>
        !SortedKeys.Intersects(group.OwnStatedKeys, query.RankingKeys) ? RankClass.Unrelated
        : SortedKeys.IsSubset(group.OwnKeys, shared) ? RankClass.Stated
        : RankClass.Related;

    // Who beats another has the greater weight, or the same and fewer others, and beating is transitive: so each
    // needs to be compared with the unbeaten ones before it only, and once there are enough of them no later one can
    // change the result.
    private List<Entry<T>> Unbeaten()
    {
        var unbeaten = new List<Entry<T>>();
        foreach (Entry<T> entry in _matches.OrderByDescending(e => Weight(e.Group))
            .ThenBy(e => Others(e.Group)).ThenBy(e => e.Sequence))
        {
            if (!unbeaten.Exists(u => Beats(u.Group, entry.Group)))
            {
                unbeaten.Add(entry);
                if (unbeaten.Count == Lookup<T>.MaxTargets)
                {
                    break;
                }
            }
        }

        return unbeaten;
    }
}
