// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Flower.Tests.Routing;
using NUnit.Framework;

namespace Flower.Tests.Laws;

/// <summary>What holds on every board, whatever was registered and removed.</summary>
[FsCheck.NUnit.Properties(Arbitrary = [typeof(Arbitraries)], MaxTest = 300, EndSize = 150, QuietOnSuccess = true)]
public sealed class DirectoryLaws
{
    [FsCheck.NUnit.Property]
    public void Find_AnyBoard_EqualsNaiveScan(
        BoardStep[] steps, (LabelSet Given, LabelSet Pinned, int Flags)[] requests)
    {
        TargetDirectory<Fake> board = Play(steps, out List<Fake> live, requests);
        foreach ((LabelSet given, LabelSet pinned, int flags) in requests)
        {
            Query query = Fake.Ask(given, pinned, flags);
            List<Fake> expected = Oracle.Find(live, query);
            Lookup<Fake> found = board.Find(query);
            string about = $"{given} / {pinned} on {string.Join("; ", live)}";
            Assert.That(found.Targets.Length, Is.EqualTo(Math.Min(expected.Count, Lookup<Fake>.MaxTargets)), about);
            Assert.That(found.Targets, Is.SubsetOf(expected), about);
            Assert.That(found.Targets, Is.Unique, about);
        }
    }

    [FsCheck.NUnit.Property]
    public void Find_LargeGroups_EqualsNaiveScan(int seed)
    {
        var random = new Random(seed);
        var board = new TargetDirectory<Fake>();
        var live = new List<Fake>();
        for (int i = 0; i < 150; i++)
        {
            string Value(int values) => $"{random.Next(values)}";
            Add(board, live, new(
                TargetKind.Server,
                LabelSet.Create(("a", Value(30)), ("b", Value(8)), ("c", Value(4)), ("d", Value(3)))));
            if (i % 3 == 0 && live.Count > 0)
            {
                Fake gone = live[random.Next(live.Count)];
                board.Remove(gone);
                live.Remove(gone);
            }

            LabelSet given = LabelSet.Create("abcd".Where(_ => random.Next(2) == 0)
                .Select(k => KeyValuePair.Create($"{k}", Value(3))));
            Query query = Fake.Ask(given, LabelSet.Empty, random.Next(4));
            List<Fake> expected = Oracle.Find(live, query);
            Lookup<Fake> found = board.Find(query);
            Assert.That(found.Targets.Length, Is.EqualTo(Math.Min(expected.Count, Lookup<Fake>.MaxTargets)));
            Assert.That(found.Targets, Is.SubsetOf(expected));
        }
    }

    [FsCheck.NUnit.Property]
    public void Find_ExactlyATargetsLabels_ReachesIt(BoardStep[] steps)
    {
        TargetDirectory<Fake> board = Play(steps, out List<Fake> live, []);
        foreach (Fake target in live.Where(t => t.Kind != TargetKind.Resolver && !t.Own.IsEmpty))
        {
            Query query = Fake.Ask(target.Own, LabelSet.Empty, 0);
            Assert.That(board.Find(query).One, Is.SameAs(target), $"{target} on {string.Join("; ", live)}");
        }
    }

    // What the handle pins (here: d) is stated too, but only excludes.
    [FsCheck.NUnit.Property]
    public void Find_ExactlyATargetsLabelsAndPinnedOnes_ReachesIt(BoardStep[] steps)
    {
        TargetDirectory<Fake> board = Play(steps, out List<Fake> live, []);
        LabelSet pinned = LabelSet.Create(("d", "1"));
        foreach (Fake target in live.Where(
            t => t.Kind != TargetKind.Resolver && !t.Own.IsEmpty && !t.Own.States("d")))
        {
            Query query = Fake.Ask(target.Own, pinned, 0);
            Assert.That(board.Find(query).One, Is.SameAs(target), $"{target} on {string.Join("; ", live)}");
        }
    }

    [FsCheck.NUnit.Property]
    public void TryAdd_SideBySide_NeverIndistinguishable(BoardStep[] steps)
    {
        Play(steps, out List<Fake> live, []);
        foreach (Fake a in live.Where(t => t.Kind != TargetKind.Resolver && !t.Own.IsEmpty))
        {
            foreach (Fake b in live.Where(t => t.Kind != TargetKind.Resolver && t != a))
            {
                Assert.That(Oracle.Indistinguishable(a.Own, b.Own), Is.False, $"{a} and {b}");
            }
        }
    }

    // Asks while it plays: indexes are made on demand, and those that exist must follow what comes and goes.
    private static TargetDirectory<Fake> Play(
        BoardStep[] steps, out List<Fake> live, (LabelSet Given, LabelSet Pinned, int Flags)[] requests)
    {
        var board = new TargetDirectory<Fake>();
        live = [];
        for (int i = 0; i < steps.Length; i++)
        {
            (TargetKind kind, LabelSet labels, int remove, uint uid) = steps[i];
            if (remove >= 0 && live.Count > 0)
            {
                Fake gone = live[remove % live.Count];
                board.Remove(gone);
                live.Remove(gone);
            }

            Add(board, live, new(kind, labels, uid, isFixed: uid == 1));
            if (requests.Length > 0)
            {
                (LabelSet given, LabelSet pinned, int flags) = requests[i % requests.Length];
                board.Find(Fake.Ask(given, pinned, flags));
            }
        }

        Assert.That(board.Count, Is.EqualTo(live.Count));
        return board;
    }

    private static void Add(TargetDirectory<Fake> board, List<Fake> live, Fake target)
    {
        Registration<Fake> registration = board.TryAdd(target);
        Assert.That(registration.TooManyKeySets, Is.Null);
        bool conflicts = live.Exists(l => Oracle.Conflicts(l, target));
        Assert.That(registration.IsAdded, Is.Not.EqualTo(conflicts), target.ToString());
        Assert.That(registration.Conflict is null || Oracle.Conflicts(registration.Conflict, target), Is.True);
        if (registration.IsAdded)
        {
            live.Add(target);
        }
    }
}
