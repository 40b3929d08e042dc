// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Flower.Tests.Routing;
using NUnit.Framework;

namespace Flower.Tests.Laws;

/// <summary>What holds of every pick, whatever the targets say of themselves.</summary>
[FsCheck.NUnit.Properties(Arbitrary = [typeof(Arbitraries)], MaxTest = 200, EndSize = 100, QuietOnSuccess = true)]
public sealed class PickLaws
{
    private static readonly Balance[] Ways = [Balance.Weighted, Balance.RoundRobin, Balance.Least];

    // Small boards of all shapes: several groups, egresses, ingresses, required keys.
    [FsCheck.NUnit.Property]
    public void Pick_AnyBoard_IsOneOfTheBestThatAreOpen(
        BoardStep[] steps, (LabelSet Given, LabelSet Pinned, int Flags)[] requests, int seed)
    {
        var random = new Random(seed);
        var board = new TargetDirectory<Fake>(random: random);
        var live = new List<Fake>();
        foreach ((TargetKind kind, LabelSet labels, int remove, uint uid) in steps)
        {
            if (remove >= 0 && live.Count > 0)
            {
                Remove(board, live, live[remove % live.Count]);
            }

            Add(board, live, new(kind, labels, uid, isFixed: uid == 1));
            Disturb(board, live, random);
            foreach ((LabelSet given, LabelSet pinned, int flags) in requests.Take(3))
            {
                AssertPick(board, live, Fake.Ask(given, pinned, flags), random);
            }
        }
    }

    // Large postings, of which none is looked at one by one.
    [FsCheck.NUnit.Property(MaxTest = 30)]
    public void Pick_LargeGroups_IsOneOfTheBestThatAreOpen(int seed)
    {
        var random = new Random(seed);
        var board = new TargetDirectory<Fake>(random: random);
        var live = new List<Fake>();
        for (int i = 0; i < 400; i++)
        {
            LabelSet labels = LabelSet.Create(
                ("service", $"{random.Next(2)}"), ("zone", $"{random.Next(2)}"), ("instance", $"{i}"));
            Add(board, live, new(random.Next(4) == 0 ? TargetKind.Egress : TargetKind.Server, labels));
            if (random.Next(3) == 0)
            {
                Remove(board, live, live[random.Next(live.Count)]);
            }

            Disturb(board, live, random);
            LabelSet given = LabelSet.Create(random.Next(2) == 0
                ? [("service", $"{random.Next(2)}")]
                : [("service", $"{random.Next(2)}"), ("zone", $"{random.Next(2)}")]);
            AssertPick(board, live, Fake.Ask(given, LabelSet.Empty, random.Next(8)), random);
        }
    }

    private static void AssertPick(TargetDirectory<Fake> board, List<Fake> live, Query query, Random random)
    {
        List<Fake> tried = [.. live.Where(_ => random.Next(20) == 0).Take(16)];
        List<Fake> expected = Oracle.Find([.. live.Where(t => !t.IsDraining && !tried.Contains(t))], query);
        List<Fake> preferred = [.. expected.Where(t => t.Weight > 0 && !t.IsSuspect)];
        foreach (Balance balance in Ways)
        {
            Fake? picked = board.Pick(query, balance, tried);
            if (expected.Count == 0)
            {
                Assert.That(picked, Is.Null);
            }
            else
            {
                Assert.That(preferred.Count > 0 ? preferred : expected, Does.Contain(picked), $"{balance}");
            }
        }
    }

    private static void Disturb(TargetDirectory<Fake> board, List<Fake> live, Random random)
    {
        if (live.Count == 0)
        {
            return;
        }

        Fake target = live[random.Next(live.Count)];
        target.Weight = random.Next(3) == 0 ? 0 : (uint)random.Next(65536);
        target.IsDraining = random.Next(3) == 0;
        target.IsSuspect = random.Next(3) == 0;
        target.Load = random.Next(5);
        board.Update(target);
    }

    private static void Add(TargetDirectory<Fake> board, List<Fake> live, Fake target)
    {
        if (board.TryAdd(target).IsAdded)
        {
            live.Add(target);
        }
    }

    private static void Remove(TargetDirectory<Fake> board, List<Fake> live, Fake target)
    {
        board.Remove(target);
        live.Remove(target);
    }
}
