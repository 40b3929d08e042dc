// SPDX-License-Identifier: BSD-2-Clause
using Flower.Egress;
using NUnit.Framework;

namespace Flower.Tests.Egress;

/// <summary>Whose request an egress answers next.</summary>
internal sealed class TurnsTests
{
    [Test]
    public void Take_OneWhoWantsAll_LeavesAQuarterToTheOthers()
    {
        var turns = new Turns<string, int>(places: 8, waiting: 100);
        for (int i = 0; i < 20; i++)
        {
            Assert.That(turns.TryAdd("many", i), Is.True);
        }

        Assert.That(TakeAll(turns), Is.EqualTo(new[] { "many 0", "many 1", "many 2", "many 3", "many 4", "many 5" }));
        Assert.That(turns.TryAdd("few", 0), Is.True);
        Assert.That(turns.TryAdd("few", 1), Is.True);
        Assert.That(turns.TryAdd("few", 2), Is.True);
        Assert.That(TakeAll(turns), Is.EqualTo(new[] { "few 0", "few 1" }));
        turns.Return("few");
        Assert.That(TakeAll(turns), Is.EqualTo(new[] { "few 2" }));
        turns.Return("many");
        Assert.That(TakeAll(turns), Is.EqualTo(new[] { "many 6" }));
    }

    [Test]
    public void Take_SeveralWait_TheyTakeTurns()
    {
        var turns = new Turns<string, int>(places: 1, waiting: 100);
        for (int i = 0; i < 3; i++)
        {
            turns.TryAdd("a", i);
        }

        turns.TryAdd("b", 0);
        turns.TryAdd("c", 0);
        var order = new List<string>();
        while (turns.TryTake(out string client, out int item))
        {
            order.Add($"{client} {item}");
            turns.Return(client);
        }

        Assert.That(order, Is.EqualTo(new[] { "a 0", "b 0", "c 0", "a 1", "a 2" }));
        Assert.That((turns.Running, turns.Waiting), Is.EqualTo((0, 0)));
    }

    [Test]
    public void Add_TooMany_OfOneOrOfAllAreRefused()
    {
        var turns = new Turns<string, int>(places: 1, waiting: 8);
        Assert.That(Enumerable.Range(0, 20).Count(i => turns.TryAdd("many", i)), Is.EqualTo(6));
        Assert.That(Enumerable.Range(0, 20).Count(i => turns.TryAdd("few", i)), Is.EqualTo(2));

        Assert.That(turns.Clear(), Has.Count.EqualTo(8));
        Assert.That(turns.TryAdd("many", 0), Is.True);
    }

    private static List<string> TakeAll(Turns<string, int> turns)
    {
        var taken = new List<string>();
        while (turns.TryTake(out string client, out int item))
        {
            taken.Add($"{client} {item}");
        }

        return taken;
    }
}
