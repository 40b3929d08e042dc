// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using NUnit.Framework;
using static Flower.Tests.Routing.Fake;

namespace Flower.Tests.Routing;

/// <summary>The directory: adding, removing, quotas, listing, many targets.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class TargetDirectoryTests
{
    private readonly TargetDirectory<Fake> _board = new();

    [TearDown]
    public void Empty()
    {
        var all = new List<Fake>();
        for (long at = 0; at != TargetDirectory<Fake>.EndOfList;)
        {
            _board.List(LabelSet.Empty, at, 1000, all, out at);
        }

        all.ForEach(target => Assert.That(_board.Remove(target), Is.True));
        Assert.That(_board.Count, Is.Zero);
    }

    [Test]
    public void Remove_OldestOfManyWithTheSameValues_OthersAreFound()
    {
        // More than an index is made for, and than the gaps that a log has before it is packed.
        Fake[] all = [.. Enumerable.Range(0, 300).Select(i => Server("a=1", $"b={i}"))];
        Assert.That(all.All(target => _board.TryAdd(target).IsAdded), Is.True);
        Assert.That(_board.Find(Ask("a=1")).Targets, Has.Length.EqualTo(16));
        for (int i = 0; i < all.Length; i++)
        {
            Assert.That(_board.Find(i + 1), Is.SameAs(all[i]));
            Assert.That(_board.Remove(all[i]), Is.True);
            Assert.That(_board.Find(i + 1), Is.Null);
            Assert.That(_board.Find(Ask("a=1")).Targets, Has.Length.EqualTo(Math.Min(16, all.Length - i - 1)));
        }

        Assert.That(_board.Remove(all[0]), Is.False);
    }

    [Test]
    public void Find_EmptyBoard_None() => Assert.That(_board.Find(Ask("a=1")).IsNone, Is.True);

    [Test]
    public void Find_AfterRemove_None()
    {
        Fake server = Server("a=1");
        Add(server);
        _board.Remove(server);
        _board.Remove(server);

        Assert.That(_board.Find(Ask("a=1")).IsNone, Is.True);
        Assert.That(_board.Count, Is.Zero);
    }

    [Test]
    public void TryAdd_SameTargetTwice_Throws()
    {
        Fake server = Server("a=1");
        Add(server);

        Assert.That(() => _board.TryAdd(server), Throws.ArgumentException);
    }

    [Test]
    public void Find_ManyTargets_FindsTheOne()
    {
        for (int i = 0; i < 5000; i++)
        {
            Add(Server($"name=n{i}", $"port={i % 7}"));
        }

        Assert.That(_board.Find(Ask("name=n4321")).One?.Own["name"], Is.EqualTo("n4321"));
        Assert.That(_board.Find(Ask("name=n4321", "port=2")).One?.Own["name"], Is.EqualTo("n4321"));
        Assert.That(_board.Find(Ask("name=n4321", "port=3")).IsNone, Is.True);
        Assert.That(_board.Find(Ask("port=3")).Targets, Has.Length.EqualTo(16));
        Assert.That(_board.Find(Ask("+name", "+port=3")).Keys, Is.EqualTo(new[] { "name" }));
    }

    [Test]
    public void Find_MoreKeySetsThanIndexes_StillExact()
    {
        for (int i = 0; i < 200; i++)
        {
            Add(Server([.. Enumerable.Range(0, 6).Select(k => $"k{k}={i >> k}")]));
        }

        for (int mask = 1; mask < 64; mask++)
        {
            string[] words =
                [.. Enumerable.Range(0, 6).Where(k => (mask >> k & 1) != 0).Select(k => $"k{k}={150 >> k}")];
            int expected = Enumerable.Range(0, 200).Count(
                i => Enumerable.Range(0, 6).All(k => (mask >> k & 1) == 0 || i >> k == 150 >> k));
            Assert.That(_board.Find(Ask(words)).Targets, Has.Length.EqualTo(Math.Min(16, expected)));
        }
    }

    [Test]
    public void Find_Ineligible_NextBest()
    {
        Fake best = Server("a=1", "b=1");
        Fake second = Server("a=1", "c=1");
        Add(best, second);

        Assert.That(_board.Find(Ask("a=1", "b=1"), t => t != best).One, Is.SameAs(second));
        Assert.That(_board.Find(Ask("a=1"), _ => false).IsNone, Is.True);
    }

    [Test]
    public void Find_DemandOnServer_OnlyThatUser()
    {
        var mine = new Fake(TargetKind.Server, LabelSet.Create(("a", "1"), ("b", "1")), 1000);
        var other = new Fake(TargetKind.Server, LabelSet.Create(("a", "1"), ("c", "1")), 1001);
        Add(mine, other);

        Assert.That(_board.Find(Ask("a=1")).Keys, Is.EqualTo(new[] { "b", "c" }));
        Assert.That(_board.Find(Ask("a=1", "flower.server_uid=1001")).One, Is.SameAs(other));
        Assert.That(_board.Find(Ask("a=1", "flower.server_uid=1002")).IsNone, Is.True);
        Assert.That(_board.Find(Ask("a=1", "+flower.server_uid=1000")).One, Is.SameAs(mine));
    }

    [Test]
    public void Find_Ingress_ServersOnly()
    {
        Fake server = Server("a=1");
        Add(server, Fake.Egress("b=1"), Fake.Resolver("a=1"));
        LabelSet given = LabelSet.ParseWords(["address_family=ipv4", "b=1"]);
        var query = new Query { Stated = given, RankingKeys = Query.RankingKeysOf(given, given, true), Ingress = true };

        Assert.That(_board.Find(query).One, Is.SameAs(server));
    }

    [Test]
    public void TryAdd_KeySetsOfUser_Limited()
    {
        var board = new TargetDirectory<Fake>(maxKeySetsPerUser: 2, maxKeySets: 3);
        Fake first = Server("a=1");
        Assert.That(board.TryAdd(first).IsAdded, Is.True);
        Assert.That(board.TryAdd(Server("b=1")).IsAdded, Is.True);
        Assert.That(board.TryAdd(Server("b=2")).IsAdded, Is.True);
        Assert.That(board.TryAdd(Server("c=1")).TooManyKeySets, Does.Contain("user 0").And.Contain("2"));
        Assert.That(board.TryAdd(OfUser(7, "c")).IsAdded, Is.True);
        Assert.That(board.TryAdd(OfUser(7, "d")).TooManyKeySets, Does.Contain("switchboard").And.Contain("3"));
        board.Remove(first);
        Assert.That(board.TryAdd(OfUser(7, "d")).IsAdded, Is.True);
    }

    [Test]
    public void List_WithFilter_ExcludesContradictingAndNotStating()
    {
        Fake one = Server("a=1");
        Fake requiring = Fake.Egress("a=2", "+address_family");
        Fake resolver = Fake.Resolver("b=1");
        Add(one, requiring, resolver);

        Assert.That(List(), Is.EqualTo(new[] { one, requiring, resolver }));
        Assert.That(List("a=2"), Is.EqualTo(new[] { requiring, resolver }));
        Assert.That(List("+a"), Is.EqualTo(new[] { one, requiring }));
        Assert.That(List("+address_family"), Is.EqualTo(new[] { requiring }));
        Assert.That(List("flower.server_uid=5"), Is.Empty);
    }

    [Test]
    public void List_ChangesMeanwhile_EachSurvivorOnceInOrder()
    {
        Fake[] all = [.. Enumerable.Range(0, 3000).Select(i => Server($"a={i}"))];
        Add(all);
        var seen = new List<Fake>();
        long at = 0;
        for (int call = 0; at != TargetDirectory<Fake>.EndOfList; call++)
        {
            int before = seen.Count;
            int added = _board.List(LabelSet.Empty, at, 100, seen, out at);
            Assert.That(added, Is.EqualTo(seen.Count - before).And.LessThanOrEqualTo(100));
            foreach (Fake gone in all.Where((_, i) => i % 50 == call))
            {
                _board.Remove(gone);
            }

            Assert.That(call, Is.LessThan(1000));
        }

        Assert.That(seen.Count(s => _board.Find(Ask($"a={s.Own["a"]}")).One == s), Is.EqualTo(_board.Count));
        Assert.That(seen, Is.Unique);
        Assert.That(seen.Select(s => int.Parse(s.Own["a"]!)), Is.Ordered);
    }

    [Test]
    public void List_NothingMatches_LooksAtABoundedNumber()
    {
        Add([.. Enumerable.Range(0, 600).Select(i => Server($"a={i}"))]);
        var none = new List<Fake>();

        Assert.That(_board.List(LabelSet.Create(("a", "x")), 0, 10, none, out long next), Is.Zero);
        Assert.That(next, Is.EqualTo(512));
        Assert.That(_board.List(LabelSet.Create(("a", "x")), next, 10, none, out next), Is.Zero);
        Assert.That(next, Is.EqualTo(TargetDirectory<Fake>.EndOfList));
    }

    private static Fake OfUser(uint uid, string key) =>
        new(TargetKind.Server, LabelSet.Create((key, "1")), uid);

    private void Add(params Fake[] targets)
    {
        foreach (Fake target in targets)
        {
            Assert.That(_board.TryAdd(target).IsAdded, Is.True, target.ToString());
        }
    }

    private List<Fake> List(params string[] filter)
    {
        var into = new List<Fake>();
        _board.List(LabelSet.ParseWords(filter), 0, 1000, into, out _);
        return into;
    }
}
