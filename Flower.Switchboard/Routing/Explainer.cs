// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>
/// One evaluation of a query that keeps who wins, so that each target can be told how it stands to that. It is shown each
/// group once, in any order, then asked; it holds for as long as the directory does not change.
/// </summary>
/// <param name="query">What is looked for.</param>
/// <param name="isBalanced">One of several is picked.</param>
/// <param name="entryOf">Finds the entry of a registered target.</param>
internal sealed class Explainer<T>(Query query, bool isBalanced, Func<T, Entry<T>> entryOf)
    where T : class, ITarget
{
    private readonly Ranking<T> _ranking = new(query);
    private readonly List<Found> _found = [];
    private RankClass _best = RankClass.None;
    private Winners? _winners;

    public void Visit(KeyGroup<T> group)
    {
        RankClass rank = _ranking.Of(group, out ImmutableArray<string> shared);
        if (rank == RankClass.None || rank > _best)
        {
            return;
        }

        IEnumerable<T> open = group.Probe(query.Stated, shared).Select(static e => e.Target)
            .Where(t => !t.IsDraining && _ranking.Takes(t));
        if (open.FirstOrDefault() is not T first)
        {
            return;
        }

        if (rank < _best)
        {
            _best = rank;
            _found.Clear();
        }

        _found.Add(new(group, first, open));
    }

    /// <summary>How a registered server or egress stands to the query.</summary>
    public Explanation<T> Explain(T target)
    {
        LabelSet labels = target.Indexed;
        IReadOnlyList<string> contradictions = query.Stated.ContradictionsWith(labels);
        ImmutableArray<string> missing = [.. labels.RequiredKeys.Where(k => !query.Stated.States(k))];
        ImmutableArray<string> unmet = [.. query.Stated.RequiredKeys.Where(k => !labels.States(k))];
        Obstacle obstacle = ObstacleOf(target);
        KeyGroup<T> group = entryOf(target).Group;
        int changes = contradictions.Count + missing.Length + unmet.Length;
        bool isTooFar = obstacle == Obstacle.None && IsTooFar(group, missing, unmet);
        if (changes == 0 && obstacle == Obstacle.None && !isTooFar)
        {
            return Place(target, group) with { Distance = 0 };
        }

        return new(target, Standing.NoMatch, RankClass.None)
        {
            Contradictions = contradictions,
            Missing = missing,
            Unmet = unmet,
            Obstacle = isTooFar ? Obstacle.NothingInCommon : obstacle,
            Distance = obstacle != Obstacle.None ? null
                : !isTooFar ? changes
                : group.OwnStatedKeys.Any(k => Query.Ranks(k, query.Ingress)) ? changes + 1
                : null,
        };
    }

    private Obstacle ObstacleOf(T target) =>
        !query.Ingress || target.Kind == TargetKind.Server ? Obstacle.None
        : !target.IsFixedDestination ? Obstacle.TakesNoIngress
        : query.Relay ? Obstacle.None
        : Obstacle.TakesRelaysOnly;

    // Whether they would have nothing in common, where that is needed, once the request states what is missing and requires
    // no more than the target has.
    private bool IsTooFar(KeyGroup<T> group, ImmutableArray<string> missing, ImmutableArray<string> unmet) =>
        (query.RelatedOnly || query.Stated.RequiredKeys.Any(k => !ReservedKeys.IsReserved(k) && !unmet.Contains(k)))
        && !missing.Any(k => Query.Ranks(k, query.Ingress))
        && !SortedKeys.Intersects(group.OwnStatedKeys, query.RankingKeys);

    private Explanation<T> Place(T target, KeyGroup<T> group)
    {
        RankClass rank = _ranking.Of(group, out _);
        if (target.IsDraining)
        {
            return new(target, Standing.Drains, rank);
        }

        Winners winners = _winners ??= Conclude();
        if (rank > _best || !winners.Groups.Contains(group))
        {
            Found better = rank > _best
                ? winners.First
                : winners.All.Find(w => _ranking.Beats(w.Group, group)) ?? winners.First;
            return new(target, Standing.Outranked, rank) { OutrankedBy = better.First };
        }

        bool isSpared = winners.HavePreferred && !IsPreferred(target);
        return new(target, isSpared ? Standing.LastResort : winners.AreSeveral ? Standing.Equal : Standing.Best, rank);
    }

    private Winners Conclude()
    {
        List<Found> all = _best == RankClass.Stated
            ? _ranking.Unbeaten(_found, static f => f.Group, f => entryOf(f.First).Sequence, int.MaxValue)
            : _found;
        IEnumerable<T> open = all.SelectMany(static f => f.Open);
        bool havePreferred = isBalanced && open.Any(IsPreferred);
        bool areSeveral = open.Where(t => !havePreferred || IsPreferred(t)).Skip(1).Any();
        return new(all, [.. all.Select(static f => f.Group)], havePreferred, areSeveral);
    }

    private static bool IsPreferred(T target) => target.Weight > 0 && !target.IsSuspect;

    /// <summary>The targets of one group that match and take connections, at least one.</summary>
    private sealed record Found(KeyGroup<T> Group, T First, IEnumerable<T> Open);

    /// <summary>The groups of those that match best.</summary>
    /// <param name="All">The groups, at least one.</param>
    /// <param name="Groups">The same.</param>
    /// <param name="HavePreferred">One is picked, and not every one is a last resort.</param>
    /// <param name="AreSeveral">There is more than one target that may be taken.</param>
    private sealed record Winners(List<Found> All, HashSet<KeyGroup<T>> Groups, bool HavePreferred, bool AreSeveral)
    {
        public Found First => All[0];
    }
}
