// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Transport;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>The timers of a loop.</summary>
internal sealed class LoopTimersTests
{
    private static readonly TimeSpan Far = TimeSpan.FromDays(3000);

    [Test]
    public void Dispose_ManyFarOnes_LeavesNothing()
    {
        var timers = new LoopTimers();
        using IDisposable kept = timers.Add(0, Far, () => { });
        for (int i = 0; i < 100_000; i++)
        {
            timers.Add(0, Far, () => { }).Dispose();
        }

        Assert.That(timers.Count, Is.LessThan(1000));
        Assert.That(timers.MillisecondsToNext(0), Is.EqualTo(int.MaxValue), "the one that was kept");
    }

    [Test]
    public void Dispose_LetsTheActionGoAtOnce()
    {
        var timers = new LoopTimers();
        WeakReference held = Add(timers);
        GC.Collect();
        Assert.That(held.IsAlive, Is.False);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference Add(LoopTimers timers)
        {
            object call = new();
            timers.Add(0, Far, () => GC.KeepAlive(call)).Dispose();
            return new WeakReference(call);
        }
    }

    [Test]
    public void TakeDue_SomeDisposed_RunsTheOthersInOrder()
    {
        var timers = new LoopTimers();
        var ran = new List<int>();
        var all = new List<IDisposable>();
        for (int i = 0; i < 2000; i++)
        {
            int n = i;
            all.Add(timers.Add(0, TimeSpan.FromMilliseconds(i + 1), () => ran.Add(n)));
        }

        for (int i = 0; i < 2000; i += 3)
        {
            all[i].Dispose();
        }

        while (timers.TakeDue(5000) is { } action)
        {
            action();
        }

        Assert.That(ran, Is.EqualTo(Enumerable.Range(0, 2000).Where(i => i % 3 != 0)));
        Assert.That(timers.Count, Is.Zero);
        Assert.That(timers.MillisecondsToNext(0), Is.EqualTo(-1));
        Assert.That(() => all.ForEach(t => t.Dispose()), Throws.Nothing);
    }
}
