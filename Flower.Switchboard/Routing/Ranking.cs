// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>
/// How well groups of targets fit one query. Class and beating depend on the keys alone, which a group has in common;
/// values are left to its indexes.
/// </summary>
internal sealed class Ranking<T>(Query query)
    where T : class, ITarget
{
    // A request that requires a key, or asks for it, never gets a target that it has nothing in common with. A reserved
    // key that it requires is no wish for company: it only excludes.
    private readonly RankClass _worst = query.RelatedOnly || !query.Stated.RequiredKeys.All(static k => ReservedKeys.IsReserved(k))
        ? RankClass.Related
        : RankClass.Unrelated;

    /// <summary>The class of a group's targets that have the query's values; none, if they cannot match.</summary>
    /// <param name="group">The group.</param>
    /// <param name="shared">The keys whose values decide.</param>
    public RankClass Of(KeyGroup<T> group, out ImmutableArray<string> shared)
    {
        shared = [];
        if (!group.StatesAndIsStated(query.Stated, query.StatedKeys))
        {
            return RankClass.None;
        }

        shared = SortedKeys.Intersect(group.LabelKeys, query.LabelKeys);
        RankClass rank = !SortedKeys.Intersects(group.OwnStatedKeys, query.RankingKeys) ? RankClass.Unrelated
            : SortedKeys.IsSubset(group.OwnKeys, shared) ? RankClass.Stated
            : RankClass.Related;
        return rank > _worst ? RankClass.None : rank;
    }

    /// <summary>
    /// Whether a target is one for this kind of query. A general egress never takes an ingress, whose labels say where it
    /// came to and not where it wants to go.
    /// </summary>
    public bool Takes(T target) => !query.Ingress || target.Kind != TargetKind.Egress || target.IsFixedDestination;

    /// <summary>
    /// Those of the first class that no other beats. Matches of that class have the request's values wherever they have a
    /// label, so keys decide; of them those that rank, since a pinned or attested label only excludes. Where these are the
    /// same, fewer others are closer to what was given.
    /// </summary>
    public List<TItem> Unbeaten<TItem>(
        IEnumerable<TItem> items, Func<TItem, KeyGroup<T>> groupOf, Func<TItem, long> sequenceOf, int max)
    {
        // Who beats another has the greater weight, or the same and fewer others, and beating is transitive: so each
        // needs to be compared with the unbeaten ones before it only, and once there are enough of them no later one can
        // change the result.
        var unbeaten = new List<TItem>();
        foreach (TItem item in items.OrderByDescending(i => Weight(groupOf(i)))
            .ThenBy(i => Others(groupOf(i))).ThenBy(sequenceOf))
        {
            if (!unbeaten.Exists(u => Beats(groupOf(u), groupOf(item))))
            {
                unbeaten.Add(item);
                if (unbeaten.Count == max)
                {
                    break;
                }
            }
        }

        return unbeaten;
    }

    /// <summary>Whether, of matches of the first class, those of one group come before those of another.</summary>
    public bool Beats(KeyGroup<T> a, KeyGroup<T> b) => Covers(a, b) && (!Covers(b, a) || Others(a) < Others(b));

    private bool Covers(KeyGroup<T> a, KeyGroup<T> b) =>
        SortedKeys.IsSubset(ThatRank(b.OwnKeys), a.OwnKeys)
        && SortedKeys.IsSubset(ThatRank(b.RequiredKeys), a.OwnStatedKeys);

    private ImmutableArray<string> ThatRank(ImmutableArray<string> keys) =>
        SortedKeys.Intersect(keys, query.RankingKeys);

    private int Weight(KeyGroup<T> group) => ThatRank(group.OwnKeys).Length + ThatRank(group.OwnStatedKeys).Length;

    private int Others(KeyGroup<T> group) => group.OwnStatedKeys.Length - ThatRank(group.OwnStatedKeys).Length;
}
