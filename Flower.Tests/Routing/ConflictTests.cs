// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using NUnit.Framework;
using static Flower.Tests.Routing.Fake;

namespace Flower.Tests.Routing;

/// <summary>Which targets may stand side by side.</summary>
public sealed class ConflictTests
{
    [TestCase("a=1", "a=1")]
    [TestCase("a=1", "a=1 b=2")]
    [TestCase("a=1 b=2", "b=2")]
    [TestCase("a=1", "a=1 +c")]
    [TestCase("+c", "a=1 +c")]
    [TestCase("+c", "+c")]
    [TestCase("a=1 b=2 +a", "a=1 b=2 +b")]
    public void TryAdd_Indistinguishable_Conflict(string first, string second)
    {
        foreach ((string one, string other) in new[] { (first, second), (second, first) })
        {
            foreach (TargetKind kind in new[] { TargetKind.Server, TargetKind.Egress })
            {
                var board = new TargetDirectory<Fake>();
                Fake there = Server(one.Split(' '));
                Assert.That(board.TryAdd(there).IsAdded, Is.True);
                Fake late = kind == TargetKind.Server ? Server(other.Split(' ')) : Fake.Egress(other.Split(' '));
                Assert.That(board.TryAdd(late).Conflict, Is.SameAs(there));
                Assert.That(board.Count, Is.EqualTo(1));
                Assert.That(board.TryAdd(Fake.Resolver(other.Split(' '))).IsAdded, Is.True);
            }
        }
    }

    [TestCase("a=1", "a=2")]
    [TestCase("a=1", "b=2")]
    [TestCase("a=1", "+a")]
    [TestCase("a=1", "a=2 b=1")]
    [TestCase("a=1 b=1", "a=1 c=1")]
    [TestCase("a=1 +b", "a=1 +c")]
    [TestCase("a=1", "b=2 +a")]
    public void TryAdd_Distinguishable_Added(string first, string second)
    {
        var board = new TargetDirectory<Fake>();
        Assert.That(board.TryAdd(Server(first.Split(' '))).IsAdded, Is.True);
        Assert.That(board.TryAdd(Server(second.Split(' '))).IsAdded, Is.True);
    }

    [Test]
    public void TryAdd_EmptySets_SideBySide()
    {
        var board = new TargetDirectory<Fake>();
        Assert.That(board.TryAdd(Server()).IsAdded, Is.True);
        Assert.That(board.TryAdd(Server()).IsAdded, Is.True);
        Assert.That(board.TryAdd(Server("a=1")).IsAdded, Is.True);
        Assert.That(board.Find(Ask("a=1")).One?.Own["a"], Is.EqualTo("1"));
        Assert.That(board.Find(Ask()).Targets, Has.Length.EqualTo(3));
    }

    [Test]
    public void TryAdd_ConflictGone_Added()
    {
        var board = new TargetDirectory<Fake>();
        Fake there = Server("a=1");
        Assert.That(board.TryAdd(there).IsAdded, Is.True);
        Assert.That(board.TryAdd(Server("a=1", "b=1")).IsAdded, Is.False);
        board.Remove(there);
        Assert.That(board.TryAdd(Server("a=1", "b=1")).IsAdded, Is.True);
    }
}
