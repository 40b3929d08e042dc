// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Switchboard.Routing;
using NUnit.Framework;
using static Flower.Tests.Routing.Fake;

namespace Flower.Tests.Routing;

/// <summary>Which of several matching targets is taken.</summary>
public sealed class RankingTests
{
    [Test]
    public void Find_SupersetAndSubset_Superset()
    {
        Fake larger = Server("a=1", "b=2");
        Assert.That(Board(Server("a=1", "c=2"), larger).Find(Ask("a=1", "b=2")).One, Is.SameAs(larger));
    }

    [Test]
    public void Find_TwoStatedOfWhichOneBeatsTheOther_TheBetter()
    {
        Fake larger = Server("a=1", "b=2", "+b");
        Assert.That(Board(Server("b=2", "+a"), larger).Find(Ask("a=1", "b=2")).One, Is.SameAs(larger));
    }

    [Test]
    public void Find_TwoStatedSideBySide_SeveralWithKeys()
    {
        Lookup<Fake> found = Board(Server("a=1"), Server("b=2")).Find(Ask("a=1", "b=2"));

        Assert.That(found.IsSeveral, Is.True);
        Assert.That(found.One, Is.Null);
        Assert.That(found.Keys, Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public void Find_StatedAndRelated_Stated()
    {
        Fake stated = Server("b=2");
        Assert.That(Board(Server("a=1", "c=3"), stated).Find(Ask("a=1", "b=2")).One, Is.SameAs(stated));
    }

    [Test]
    public void Find_RequiredKeyInRequest_DoesNotStateALabel()
    {
        Fake stated = Server("b=2");
        Fake related = Server("a=1", "b=2", "c=1");
        Assert.That(Board(Server("x=1")).Find(Ask("+a")).IsNone, Is.True);
        Assert.That(Board(Server("a=1")).Find(Ask("+a")).One, Is.Not.Null);
        Assert.That(Board(stated, Server("a=1", "x=1")).Find(Ask("+a", "b=2")).One?.Own["x"], Is.EqualTo("1"));
        Assert.That(Board(related).Find(Ask("+a", "b=2")).One, Is.SameAs(related));
    }

    [Test]
    public void Find_RequiredKeyOfTarget_NeedsToBeStated()
    {
        TargetDirectory<Fake> board = Board(Server("+user"));

        Assert.That(board.Find(Ask("a=1")).IsNone, Is.True);
        Assert.That(board.Find(Ask("user=x")).One, Is.Not.Null);
        Assert.That(board.Find(Ask("+user")).One, Is.Not.Null);
    }

    [Test]
    public void Find_NothingInCommon_OnlyUnlessRelatedOnly()
    {
        TargetDirectory<Fake> board = Board(Server("b=2"));
        var related = new Query { Stated = LabelSet.Create(("a", "1")), RankingKeys = ["a"], RelatedOnly = true };

        Assert.That(board.Find(Ask("a=1")).One, Is.Not.Null);
        Assert.That(board.Find(related).IsNone, Is.True);
        Assert.That(board.Find(Ask("a=1", "+b=2")).One, Is.Not.Null);
        Assert.That(board.Find(Ask("a=1", "+a")).IsNone, Is.True);
    }

    [Test]
    public void Find_PinnedLabelInCommon_DoesNotRank()
    {
        LabelSet stated = LabelSet.Create(("env", "prod"), ("a", "1"));
        TargetDirectory<Fake> board = Board(Server("env=prod"), Server("c=1"));
        Lookup<Fake> found = board.Find(new Query { Stated = stated, RankingKeys = ["a"] });

        Assert.That(found.Targets, Has.Length.EqualTo(2));
        found = board.Find(new Query { Stated = stated, RankingKeys = ["env"] });
        Assert.That(found.One?.Own["env"], Is.EqualTo("prod"));
    }

    [Test]
    public void Find_MoreThanSixteen_Sixteen() => Assert.That(
        Board([.. Enumerable.Range(0, 40).Select(i => Server($"a={i}"))]).Find(Ask("+a")).Targets,
        Has.Length.EqualTo(16));

    [Test]
    public void RankingKeysOf_Given_WithoutReservedAndSorted()
    {
        LabelSet given = LabelSet.ParseWords(["z=1", "+b", "flower.server_uid=0", "address_family=ipv4"]);

        Assert.That(
            Query.RankingKeysOf(given, LabelSet.Empty, false), Is.EqualTo(new[] { "address_family", "b", "z" }));
        Assert.That(Query.RankingKeysOf(given, LabelSet.Empty, true), Is.EqualTo(new[] { "b", "z" }));
    }

    [Test]
    public void RankingKeysOf_NothingGivenThatRanks_OutLabels()
    {
        LabelSet given = LabelSet.Create(("flower.server_uid", "0"), ("client_port", "1"));
        LabelSet outLabels = LabelSet.Create(("env", "prod"), ("server_port", "80"));

        Assert.That(Query.RankingKeysOf(given, outLabels, true), Is.EqualTo(new[] { "env" }));
        Assert.That(Query.RankingKeysOf(given, outLabels, false), Is.EqualTo(new[] { "client_port" }));
    }

    private static TargetDirectory<Fake> Board(params Fake[] targets)
    {
        var board = new TargetDirectory<Fake>();
        foreach (Fake target in targets)
        {
            Assert.That(board.TryAdd(target).IsAdded, Is.True, target.ToString());
        }

        return board;
    }
}
