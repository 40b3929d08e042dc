// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>
/// One pick among all targets that match a query best. It is shown each group once, in any order; what drains or was
/// tried is not there for it. Large postings are drawn from as they stand, so that nothing is looked at one by one.
/// </summary>
/// <param name="query">What is looked for.</param>
/// <param name="balance">How one of several is picked.</param>
/// <param name="tried">What was tried.</param>
/// <param name="random">Decides.</param>
internal sealed class TargetPick<T>(Query query, Balance balance, IReadOnlyList<Entry<T>> tried, Random random)
    where T : class, ITarget
{
    // Up to here looking at each is cheaper than a tree.
    private const int SmallCount = 16;

    // Of so many the one with the fewest connections is found; of more, the better one of two.
    private const int MaxCompared = 8;

    private readonly Ranking<T> _ranking = new(query);
    private readonly List<(Urn<T> Urn, Entry<T> Entry)> _hidden = [];
    private readonly List<Found> _found = [];
    private RankClass _best = RankClass.None;

    public void Visit(KeyGroup<T> group)
    {
        RankClass rank = _ranking.Of(group, out ImmutableArray<string> shared);
        if (rank == RankClass.None || rank > _best)
        {
            return;
        }

        Posting<T> posting = group.Find(query.Stated, shared, out bool isExact);
        bool allMatch = isExact && !(query.Ingress && group.Kind == TargetKind.Egress);
        Urn<T>? whole = allMatch && posting.Count > SmallCount ? posting.Many : null;
        foreach (Entry<T> entry in tried)
        {
            Hide(whole, entry);
        }

        IEnumerable<Entry<T>> usable = posting.Entries.Where(e => !e.Target.IsDraining && !tried.Contains(e)
            && (allMatch || (_ranking.Takes(e.Target) && KeyGroup<T>.HasValues(e, query.Stated, shared))));
        bool isPreferred = whole is { Total: > 0 };
        if (!isPreferred && !usable.Any())
        {
            return;
        }

        if (rank < _best)
        {
            _best = rank;
            _found.Clear();
        }

        _found.Add(new(group, posting, isExact, isPreferred ? whole : null, usable));
    }

    /// <summary>The one that is picked; null: nothing matches.</summary>
    public Entry<T>? Result()
    {
        List<Found> found = _best == RankClass.Stated
            ? _ranking.Unbeaten(_found, static f => f.Group, static f => f.Usable.First().Sequence, int.MaxValue)
            : _found;
        List<Urn<T>> urns = found.ConvertAll(static f => f.Whole ?? new Urn<T>(f.Usable, areEqual: false));
        if (urns.TrueForAll(static u => u.Total == 0))
        {
            // Only what has no weight, or is suspect: better than nothing.
            urns = found.ConvertAll(static f => new Urn<T>(f.Usable, areEqual: true));
        }

        Entry<T>? picked = found.Count == 0 ? null : balance switch
        {
            Balance.RoundRobin => Next(urns, found),
            Balance.Least => urns.Sum(static u => u.Count) <= MaxCompared ? LeastOfAll(urns) : LeastOfTwo(urns),
            _ => Draw(urns),
        };
        foreach ((Urn<T> urn, Entry<T> entry) in _hidden)
        {
            urn.Update(entry);
        }

        return picked;
    }

    private static Entry<T>? FirstAfter(List<Urn<T>> urns, long sequence) =>
        urns.Select(u => u.After(sequence)).Min();

    // With the connection that is about to be made, so that of idle ones the stronger comes first.
    private static bool IsLess(Entry<T> a, Entry<T> b) =>
        (a.Target.Load + 1) * Math.Max(1, b.Target.Weight) < (b.Target.Load + 1) * Math.Max(1, a.Target.Weight);

    private Entry<T>? Next(List<Urn<T>> urns, List<Found> found)
    {
        // Where requests for other targets go through the same posting, the place of the last pick says nothing.
        long last = found[0].IsExact ? found[0].Posting.Turn : Draw(urns)!.Sequence;
        Entry<T>? next = FirstAfter(urns, last) ?? FirstAfter(urns, 0);
        foreach (Found f in found)
        {
            f.Posting.Turn = next!.Sequence;
        }

        return next;
    }

    private Entry<T>? LeastOfAll(List<Urn<T>> urns)
    {
        var all = new List<Entry<T>>();
        foreach (Urn<T> urn in urns)
        {
            for (Entry<T>? entry = urn.After(0); entry is not null; entry = urn.After(entry.Sequence))
            {
                all.Add(entry);
            }
        }

        // Among equals each is as likely.
        random.Shuffle(CollectionsMarshal.AsSpan(all));
        return all.Aggregate(static (least, e) => IsLess(e, least) ? e : least);
    }

    // The power of two choices: Mitzenmacher, IEEE Transactions on Parallel and Distributed Systems 12, 2001.
    private Entry<T>? LeastOfTwo(List<Urn<T>> urns)
    {
        Entry<T> one = Draw(urns)!;
        foreach (Urn<T> urn in urns)
        {
            Hide(urn, one);
        }

        Entry<T>? other = Draw(urns);
        return other is not null && IsLess(other, one) ? other : one;
    }

    private Entry<T>? Draw(List<Urn<T>> urns)
    {
        long total = urns.Sum(static u => u.Total);
        long point = total == 0 ? 0 : random.NextInt64(total);
        foreach (Urn<T> urn in urns)
        {
            if (point < urn.Total)
            {
                return urn.At(point);
            }

            point -= urn.Total;
        }

        return null;
    }

    private void Hide(Urn<T>? urn, Entry<T> entry)
    {
        if (urn is not null && urn.Hide(entry))
        {
            _hidden.Add((urn, entry));
        }
    }

    /// <summary>The targets of one group from which one may be picked, at least one.</summary>
    /// <param name="Group">The group.</param>
    /// <param name="Posting">Where they stand.</param>
    /// <param name="IsExact">Nothing else stands there.</param>
    /// <param name="Whole">What stands there, if one can be drawn from it as it is.</param>
    /// <param name="Usable">Those from which one may be picked.</param>
    private sealed record Found(
        KeyGroup<T> Group, Posting<T> Posting, bool IsExact, Urn<T>? Whole, IEnumerable<Entry<T>> Usable);
}
