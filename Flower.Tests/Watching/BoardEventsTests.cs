// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.CompilerServices;
using Flower.Rpc.Server;
using Flower.Rpc.Transport;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.Watching;
using NUnit.Framework;

namespace Flower.Tests.Watching;

/// <summary>What watching costs those who are watched while nobody does.</summary>
internal sealed class BoardEventsTests
{
    [Test]
    public void Connects_NobodyWatches_AreCountedAndNothingIsMadeOfThem()
    {
        using var loop = new EventLoop("events", null);
        var events = new BoardEvents(new DeadlineQueue(loop, TimeSpan.FromHours(1)));
        var call = (SessionCallContext)RuntimeHelpers.GetUninitializedObject(typeof(SessionCallContext));
        var wish = (Request)RuntimeHelpers.GetUninitializedObject(typeof(Request));
        Connect();

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Connect();
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That((events.Made, events.LastSequence), Is.EqualTo((0ul, 0ul)));
        Assert.That((events.Counters.Asked, events.Counters.Accepted), Is.EqualTo((1001L, 1001L)));

        // The targets and the outcome are not even looked at.
        void Connect()
        {
            events.Asked(call, wish);
            events.Matched(wish, null!, 1);
            events.FailedOver(call, null!, null!);
            events.Accepted(call, null!);
        }
    }

    [Test]
    public void Rates_WholeSecondsBeforeNow_AreAveraged()
    {
        var rates = new ConnectRates();
        for (int i = 0; i < 120; i++)
        {
            rates.OnAccepted(100_000 + (i * 500));
        }

        rates.OnRefused(159_999);
        rates.OnAccepted(160_500);

        Assert.That(rates.Of(160_500, 0, 1).Accepted, Is.EqualTo(2));
        Assert.That(rates.Of(160_500, 0, 1).Refused, Is.EqualTo(1));
        Assert.That(rates.Of(160_500, 0, 60).Accepted, Is.EqualTo(2));
        Assert.That(rates.Of(160_500, 150_000, 60).Accepted, Is.EqualTo(2), "of the ten that it runs");
        Assert.That(rates.Of(190_500, 0, 60).Accepted, Is.EqualTo(61 / 60.0).Within(0.001));
        Assert.That(rates.Of(900_000, 0, 60).Accepted, Is.Zero, "what is older is not counted");
    }
}
