// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using NUnit.Framework;

namespace Flower.Tests.Routing;

/// <summary>How often who is picked. All random sources are seeded, so a test passes always or never.</summary>
internal sealed class PickTests
{
    private static readonly Balance[] Ways = [Balance.Weighted, Balance.RoundRobin, Balance.Least];

    // The 0.999 quantiles of chi-square.
    private static readonly Dictionary<int, double> Critical = new() { [1] = 10.83, [9] = 27.88, [99] = 148.2 };

    [TestCase(10, 1)]
    [TestCase(10, 3)]
    [TestCase(100, 1)]
    [TestCase(100, 4)]
    public void Pick_Weighted_SharesAreThoseOfTheWeights(int count, int groups)
    {
        (TargetDirectory<Fake> board, List<Fake> targets) = Make(count, groups);
        for (int i = 0; i < count; i++)
        {
            targets[i].Weight = (uint)(i % 10) + 1;
            board.Update(targets[i]);
        }

        AssertShares(board, targets, t => t.Weight, Balance.Weighted, []);
    }

    [Test]
    public void Pick_WeightsChangedAndOneDrained_SharesFollow()
    {
        (TargetDirectory<Fake> board, List<Fake> targets) = Make(101, 1);
        board.Pick(Fake.Ask("service=x"), Balance.Weighted, []);
        targets[7].IsDraining = true;
        targets[8].Weight = 65535;
        targets[9].Weight = 1;
        targets.ForEach(board.Update);
        targets[8].Weight = 200;
        board.Update(targets[8]);

        AssertShares(board, [.. targets.Where(t => !t.IsDraining)], t => t.Weight, Balance.Weighted, []);
    }

    [Test]
    public void Pick_OneIsTried_TheOthersShareAsBefore()
    {
        (TargetDirectory<Fake> board, List<Fake> targets) = Make(101, 1);
        targets[5].Weight = 65535;
        board.Update(targets[5]);

        AssertShares(board, [.. targets.Where((_, i) => i != 5)], t => t.Weight, Balance.Weighted, [targets[5]]);

        int favourite = Enumerable.Range(0, 1000)
            .Count(_ => board.Pick(Fake.Ask("service=x"), Balance.Weighted, []) == targets[5]);
        Assert.That(favourite, Is.GreaterThan(500), "it has to come back");
    }

    [TestCase(3, 1)]
    [TestCase(10, 1)]
    [TestCase(10, 3)]
    [TestCase(100, 1)]
    [TestCase(100, 4)]
    public void Pick_RoundRobin_EachInTurn(int count, int groups)
    {
        (TargetDirectory<Fake> board, List<Fake> targets) = Make(count, groups);
        targets[1].Weight = 7;
        for (int round = 0; round < 3; round++)
        {
            foreach (Fake expected in targets)
            {
                Assert.That(board.Pick(Fake.Ask("service=x"), Balance.RoundRobin, []), Is.SameAs(expected));
            }
        }
    }

    [TestCase(4)]
    [TestCase(40)]
    public void Pick_RoundRobinOfTwoRequests_EachHasItsTurns(int each)
    {
        var board = new TargetDirectory<Fake>(random: new Random(1));
        List<Fake> targets = [];
        for (int i = 0; i < 2 * each; i++)
        {
            targets.Add(Fake.Server($"service={i % 2}", $"instance={i}"));
            board.TryAdd(targets[i]);
        }

        for (int i = 0; i < 6 * each; i++)
        {
            Fake? picked = board.Pick(Fake.Ask($"service={i % 2}"), Balance.RoundRobin, []);
            Assert.That(picked, Is.SameAs(targets[i % (2 * each)]));
        }
    }

    [Test]
    public void Pick_RoundRobinWhenSomeComeAndGo_GoesOn()
    {
        (TargetDirectory<Fake> board, List<Fake> targets) = Make(20, 1);
        Query query = Fake.Ask("service=x");
        board.Pick(query, Balance.RoundRobin, []);
        board.Remove(targets[1]);
        targets[2].IsDraining = true;
        board.Update(targets[2]);
        Fake late = Fake.Server("service=x", "instance0=late");
        board.TryAdd(late);

        Assert.That(board.Pick(query, Balance.RoundRobin, [targets[3]]), Is.SameAs(targets[4]));
        Fake?[] rest = [.. Enumerable.Range(0, 17).Select(_ => board.Pick(query, Balance.RoundRobin, []))];
        Assert.That(rest, Is.EqualTo([.. targets.Skip(5), late, targets[0]]));
    }

    [TestCase(2)]
    [TestCase(8)]
    public void Pick_LeastOfFew_IsTheOneWithTheLeastForItsWeight(int count)
    {
        (TargetDirectory<Fake> board, List<Fake> targets) = Make(count, 1);
        foreach (Fake target in targets)
        {
            target.Load = 100;
        }

        targets[1].Load = 150;
        targets[1].Weight = 200;
        board.Update(targets[1]);

        Assert.That(board.Pick(Fake.Ask("service=x"), Balance.Least, []), Is.SameAs(targets[1]));
    }

    [TestCase(5, 1)]
    [TestCase(50, 1)]
    [TestCase(50, 3)]
    public void Pick_Least_LoadsStayTogether(int count, int groups)
    {
        (TargetDirectory<Fake> board, List<Fake> targets) = Make(count, groups);
        for (int i = 0; i < 100 * count; i++)
        {
            board.Pick(Fake.Ask("service=x"), Balance.Least, [])!.Load++;
        }

        // Of two choices: within log log n of the mean; at random it would be some 30.
        Assert.That(targets.Max(t => t.Load), Is.LessThan(110));
        Assert.That(targets.Min(t => t.Load), Is.GreaterThan(90));
    }

    [Test]
    public void Pick_IdleOnesOfEqualWeight_AllAreAsLikely()
    {
        (TargetDirectory<Fake> board, List<Fake> targets) = Make(2, 1);
        AssertShares(board, targets, _ => 1, Balance.Least, []);
    }

    [TestCase(3)]
    [TestCase(30)]
    public void Pick_OnlySuspectOrWeightless_IsOneOfThem(int count)
    {
        (TargetDirectory<Fake> board, List<Fake> targets) = Make(count, 1);
        foreach (Fake target in targets)
        {
            target.Weight = 0;
            board.Update(target);
        }

        Assert.That(Ways.Select(way => Different(board, way, count * 20)), Has.All.EqualTo(count));

        targets[2].Weight = 1;
        board.Update(targets[2]);
        Assert.That(Ways.Select(way => board.Pick(Fake.Ask("service=x"), way, [])), Has.All.SameAs(targets[2]));

        targets[2].IsSuspect = true;
        board.Update(targets[2]);
        Assert.That(Ways.Select(way => Different(board, way, count * 20)), Has.All.EqualTo(count));
    }

    [Test]
    public void Pick_TheBestDrainsOrWasTried_TheNextBestIsPicked()
    {
        var board = new TargetDirectory<Fake>(random: new Random(1));
        Fake best = Fake.Server("service=x");
        Fake other = Fake.Server("name=y", "zone=z");
        board.TryAdd(best);
        board.TryAdd(other);
        Query query = Fake.Ask("service=x", "zone=z");

        Assert.That(board.Pick(query, Balance.Weighted, []), Is.SameAs(best));
        Assert.That(board.Pick(query, Balance.Weighted, [best]), Is.SameAs(other));
        best.IsDraining = true;
        board.Update(best);
        Assert.That(board.Pick(query, Balance.Weighted, []), Is.SameAs(other));
    }

    private static int Different(TargetDirectory<Fake> board, Balance way, int picks) =>
        Enumerable.Range(0, picks).Select(_ => board.Pick(Fake.Ask("service=x"), way, [])).Distinct().Count();

    // Groups differ in a key of their own, so that each has a posting of its own; all match equally well.
    private static (TargetDirectory<Fake> Board, List<Fake> Targets) Make(int count, int groups)
    {
        var board = new TargetDirectory<Fake>(random: new Random(count));
        var targets = new List<Fake>();
        for (int i = 0; i < count; i++)
        {
            targets.Add(Fake.Server("service=x", $"instance{i % groups}={i}"));
            Assert.That(board.TryAdd(targets[i]).IsAdded);
        }

        return (board, targets);
    }

    private static void AssertShares(
        TargetDirectory<Fake> board, List<Fake> targets, Func<Fake, double> share, Balance balance, List<Fake> tried)
    {
        const int picks = 20_000;
        var counts = targets.ToDictionary(t => t, _ => 0);
        for (int i = 0; i < picks; i++)
        {
            counts[board.Pick(Fake.Ask("service=x"), balance, tried)!]++;
        }

        double all = targets.Sum(share);
        double chiSquare = targets.Sum(t =>
        {
            double expected = picks * share(t) / all;
            return Math.Pow(counts[t] - expected, 2) / expected;
        });
        Assert.That(chiSquare, Is.LessThan(Critical[targets.Count - 1]));
    }
}
