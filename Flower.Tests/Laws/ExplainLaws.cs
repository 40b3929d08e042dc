// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Flower.Tests.Routing;
using NUnit.Framework;

namespace Flower.Tests.Laws;

/// <summary>What is explained is what happens, on every board.</summary>
[FsCheck.NUnit.Properties(Arbitrary = [typeof(Arbitraries)], MaxTest = 300, EndSize = 100, QuietOnSuccess = true)]
public sealed class ExplainLaws
{
    private static readonly Standing[] Winners = [Standing.Best, Standing.Equal, Standing.LastResort];

    [FsCheck.NUnit.Property]
    public void Explain_AnyBoard_WinnersAreThoseThatAreFound(
        BoardStep[] steps, (LabelSet Given, LabelSet Pinned, int Flags)[] requests, int seed)
    {
        TargetDirectory<Fake> board = Play(steps, new Random(seed), out List<Fake> live);
        foreach ((LabelSet given, LabelSet pinned, int flags) in requests)
        {
            Query query = Fake.Ask(given, pinned, flags);
            bool isBalanced = (flags & 8) != 0;
            List<Fake> best = Oracle.Find([.. live.Where(t => !t.IsDraining)], query);
            List<Fake> preferred = [.. best.Where(t => isBalanced && t.Weight > 0 && !t.IsSuspect)];
            List<Fake> taken = preferred.Count > 0 ? preferred : best;
            foreach (Explanation<Fake> explanation in ExplainAll(board, live, query, isBalanced))
            {
                Fake target = explanation.Target;
                string about = $"{target} for {given} / {pinned} on {string.Join("; ", live)}";
                Assert.That(Winners.Contains(explanation.Standing), Is.EqualTo(best.Contains(target)), about);
                Assert.That(
                    explanation.Standing is Standing.Best or Standing.Equal, Is.EqualTo(taken.Contains(target)), about);
                Assert.That(
                    explanation.Standing == Standing.Best, Is.EqualTo(taken.Count == 1 && taken[0] == target), about);
            }

            Lookup<Fake> found = board.Find(query, t => !t.IsDraining);
            Assert.That(found.Targets.Length, Is.EqualTo(Math.Min(best.Count, Lookup<Fake>.MaxTargets)));
            Assert.That(found.Targets, Is.SubsetOf(best));
        }
    }

    [FsCheck.NUnit.Property]
    public void Explain_AnyTarget_HasAReasonExactlyWhenItDoesNotMatch(
        BoardStep[] steps, (LabelSet Given, LabelSet Pinned, int Flags)[] requests, int seed)
    {
        TargetDirectory<Fake> board = Play(steps, new Random(seed), out List<Fake> live);
        foreach ((LabelSet given, LabelSet pinned, int flags) in requests)
        {
            Query query = Fake.Ask(given, pinned, flags);
            foreach (Explanation<Fake> explanation in ExplainAll(board, live, query, isBalanced: false))
            {
                Fake target = explanation.Target;
                string about = $"{target} for {given} / {pinned} on {string.Join("; ", live)}";
                bool matches = Oracle.Find([target], query).Count == 1;
                int reasons = explanation.Contradictions.Count + explanation.Missing.Length + explanation.Unmet.Length
                    + (explanation.Obstacle == Obstacle.None ? 0 : 1);
                Assert.That(explanation.Standing != Standing.NoMatch, Is.EqualTo(matches), about);
                Assert.That(explanation.Rank != RankClass.None, Is.EqualTo(matches), about);
                Assert.That(reasons == 0, Is.EqualTo(matches), about);
                Assert.That(explanation.Distance == 0, Is.EqualTo(matches), about);
                Assert.That(
                    explanation.Standing == Standing.Drains, Is.EqualTo(matches && target.IsDraining), about);
                Assert.That(
                    explanation.OutrankedBy is not null, Is.EqualTo(explanation.Standing == Standing.Outranked), about);
                if (explanation.OutrankedBy is Fake better)
                {
                    Assert.That(Oracle.Find([target, better], query), Is.EqualTo(new[] { better }), about);
                    Assert.That(better.IsDraining, Is.False, about);
                }
            }
        }
    }

    [FsCheck.NUnit.Property]
    public void Explain_NearMiss_MatchesOnceTheLabelsThatItNamesAreChanged(
        BoardStep[] steps, (LabelSet Given, LabelSet Pinned, int Flags)[] requests, int seed)
    {
        TargetDirectory<Fake> board = Play(steps, new Random(seed), out List<Fake> live);
        foreach ((LabelSet given, LabelSet pinned, int flags) in requests)
        {
            if (pinned.ContradictionsWith(given).Count > 0)
            {
                continue;
            }

            Query query = Fake.Ask(given, pinned, flags);
            foreach (Explanation<Fake> explanation in ExplainAll(board, live, query, isBalanced: false))
            {
                // What the handle pins hides the others, and cannot be changed.
                if (explanation.Distance is not int distance
                    || !TargetDirectory<Fake>.IsListed(explanation.Target.Indexed, pinned))
                {
                    continue;
                }

                LabelSet changed = Change(given, explanation, query.Ingress, withCommon: true, out int changes);
                string about = $"{explanation.Target} for {given} / {pinned} ({flags}), then {changed}";
                Assert.That(distance, Is.EqualTo(changes), about);
                Assert.That(
                    Oracle.Find([explanation.Target], Fake.Ask(changed, pinned, flags)), Has.Count.EqualTo(1), about);

                // Nor is a label in common asked for where the others are enough. (What the handle pins ranks where nothing
                // that is given does; Explain does not count on that.)
                LabelSet less = Change(given, explanation, query.Ingress, withCommon: false, out int fewer);
                if (fewer < changes && SortedKeys.Stated(less).Any(k => Query.Ranks(k, query.Ingress)))
                {
                    Assert.That(Oracle.Find([explanation.Target], Fake.Ask(less, pinned, flags)), Is.Empty, about);
                }
            }
        }
    }

    private static LabelSet Change(
        LabelSet given, Explanation<Fake> explanation, bool ingress, bool withCommon, out int changes)
    {
        LabelSet own = explanation.Target.Own;
        List<string> add = [.. explanation.Contradictions, .. explanation.Missing];
        if (withCommon && explanation.Obstacle == Obstacle.NothingInCommon)
        {
            add.Add(SortedKeys.Stated(own).First(k => Query.Ranks(k, ingress)));
        }

        changes = add.Count + explanation.Unmet.Length;
        return LabelSet.Create(
            given.Labels.Where(l => !add.Contains(l.Key))
                .Concat(add.Select(k => KeyValuePair.Create(k, own[k] ?? "whatever"))),
            given.RequiredKeys.Except(explanation.Unmet));
    }

    private static IEnumerable<Explanation<Fake>> ExplainAll(
        TargetDirectory<Fake> board, List<Fake> live, Query query, bool isBalanced)
    {
        Explainer<Fake> explainer = board.Explain(query, isBalanced);
        return [.. live.Where(t => t.Kind != TargetKind.Resolver).Select(explainer.Explain)];
    }

    private static TargetDirectory<Fake> Play(BoardStep[] steps, Random random, out List<Fake> live)
    {
        var board = new TargetDirectory<Fake>();
        live = [];
        foreach ((TargetKind kind, LabelSet labels, int remove, uint uid) in steps)
        {
            if (remove >= 0 && live.Count > 0)
            {
                Fake gone = live[remove % live.Count];
                board.Remove(gone);
                live.Remove(gone);
            }

            var target = new Fake(kind, labels, uid, isFixed: uid == 1)
            {
                IsDraining = random.Next(5) == 0,
                IsSuspect = random.Next(4) == 0,
                Weight = random.Next(3) == 0 ? 0u : 100,
            };
            if (board.TryAdd(target).IsAdded)
            {
                live.Add(target);
            }
        }

        return board;
    }
}
