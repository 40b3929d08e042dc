// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>How long something may take, whatever the time of day is set to meanwhile.</summary>
internal sealed class TimeLimitTests
{
    [Test]
    public void Left_MonotonicClockGoesOn_GetsLessAndEndsAtNothing()
    {
        var clock = new SetClock();
        var limit = new TimeLimit(TimeSpan.FromSeconds(30), clock);

        clock.Monotonic += 10_000;
        Assert.That(limit.Left, Is.EqualTo(TimeSpan.FromSeconds(20)));
        clock.Monotonic += 30_000;
        Assert.That(limit.Left, Is.EqualTo(TimeSpan.Zero));
    }

    [TestCase(-1)]
    [TestCase(1)]
    public void Left_TimeOfDayIsSet_StaysAsItWas(int years)
    {
        var clock = new SetClock();
        var limit = new TimeLimit(TimeSpan.FromSeconds(30), clock);

        clock.TimeOfDay = clock.TimeOfDay.AddYears(years);

        Assert.That(limit.Left, Is.EqualTo(TimeSpan.FromSeconds(30)));
        Assert.That(limit.AsDeadline(), Is.EqualTo(clock.TimeOfDay.UtcDateTime.AddSeconds(30)));
    }

    [Test]
    public void Left_NoLength_HasNoEnd()
    {
        Assert.That(default(TimeLimit).Left, Is.Null);
        Assert.That(new TimeLimit(null, new SetClock()).AsDeadline(), Is.Null);
        Assert.That(new TimeLimit(TimeSpan.MaxValue, new SetClock()).AsDeadline(), Is.EqualTo(DateTime.MaxValue));
    }

    private sealed class SetClock : TimeProvider
    {
        public long Monotonic { get; set; } = 1;

        public DateTimeOffset TimeOfDay { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Monotonic;

        public override DateTimeOffset GetUtcNow() => TimeOfDay;
    }
}
