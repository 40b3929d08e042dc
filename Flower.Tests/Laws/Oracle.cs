// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Flower.Tests.Routing;

namespace Flower.Tests.Laws;

/// <summary>The rules of matching, ranking and conflict, read out of the design one target at a time.</summary>
internal static class Oracle
{
    public static bool Conflicts(Fake a, Fake b) =>
        (a.Kind == TargetKind.Resolver) == (b.Kind == TargetKind.Resolver)
        && !a.Own.IsEmpty && !b.Own.IsEmpty
        && (Includes(a.Own, b.Own) || Includes(b.Own, a.Own) || Indistinguishable(a.Own, b.Own));

    public static bool Indistinguishable(LabelSet a, LabelSet b) =>
        a.Labels.SequenceEqual(b.Labels) && Stated(a).SetEquals(Stated(b));

    /// <summary>All targets of the best rank.</summary>
    public static List<Fake> Find(IReadOnlyCollection<Fake> board, Query query)
    {
        List<Fake> matches = [.. board.Where(t => Reaches(query, t) && Matches(query.Stated, t.Indexed))];
        List<Fake> first = [.. matches.Where(t => IsFirst(query, t.Own))];
        List<Fake> unbeaten = [.. first.Where(t => !first.Exists(o => Beats(query.RankingKeys, o.Own, t.Own)))];
        if (unbeaten.Count > 0)
        {
            return unbeaten;
        }

        List<Fake> second = [.. matches.Where(t => query.RankingKeys.Any(k => IsCommon(query.Stated, t.Own, k)))];
        return second.Count > 0 ? second
            : query.RelatedOnly || query.Stated.RequiredKeys.Length > 0 ? []
            : matches;
    }

    private static bool Reaches(Query query, Fake target) =>
        target.Kind == TargetKind.Server
        || (target.Kind == TargetKind.Egress && (!query.Ingress || (query.Relay && target.IsFixedDestination)));

    private static bool Matches(LabelSet a, LabelSet b) =>
        a.Labels.All(l => b[l.Key] is null || b[l.Key] == l.Value)
        && a.RequiredKeys.All(k => Stated(b).Contains(k))
        && b.RequiredKeys.All(k => Stated(a).Contains(k));

    private static bool IsFirst(Query query, LabelSet own) =>
        own.Labels.All(l => query.Stated[l.Key] == l.Value)
        && own.RequiredKeys.All(k => Stated(query.Stated).Contains(k))
        && Stated(own).Overlaps(query.RankingKeys);

    private static bool IsCommon(LabelSet stated, LabelSet own, string key) =>
        own.RequiredKeys.Contains(key)
        || (own[key] is { } value && (stated[key] is { } asked ? asked == value : stated.RequiredKeys.Contains(key)));

    private static bool Beats(IReadOnlyCollection<string> ranking, LabelSet a, LabelSet b) =>
        Covers(ranking, a, b)
        && (!Covers(ranking, b, a) || Stated(a).Except(ranking).Count() < Stated(b).Except(ranking).Count());

    private static bool Covers(IReadOnlyCollection<string> ranking, LabelSet a, LabelSet b) =>
        b.Labels.Where(l => ranking.Contains(l.Key)).All(l => a[l.Key] == l.Value)
        && b.RequiredKeys.Where(ranking.Contains).All(k => Stated(a).Contains(k));

    private static bool Includes(LabelSet a, LabelSet b) =>
        b.Labels.All(l => a[l.Key] == l.Value) && b.RequiredKeys.All(k => a.RequiredKeys.Contains(k));

    private static HashSet<string> Stated(LabelSet set) => [.. set.Labels.Select(l => l.Key), .. set.RequiredKeys];
}
