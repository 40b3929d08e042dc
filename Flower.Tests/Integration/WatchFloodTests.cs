// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>What one program can make happen as often as it likes drowns nothing else.</summary>
internal sealed class WatchFloodTests : BalanceFixture
{
    [Test]
    public async Task Watch_TargetThatChangesAllTheTime_IsToldNowAndThenAndHowItIsInTheEnd()
    {
        const int changes = 500;
        await using Listener listener = await ListenAsync(1).Soon();
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root);
        for (int i = 1; i <= changes; i++)
        {
            await listener.UpdateAsync(weight: 1000 + i, draining: i % 2 == 1);
        }

        int told = 0;
        TargetNotice last;
        do
        {
            last = await onlooker.NextAsync<TargetNotice>();
            told++;
        }
        while (last.Target.Weight != 1000 + changes);

        Assert.That(last.Target.IsDraining, Is.False);
        Assert.That(told, Is.InRange(1, changes / 10));
    }

    [Test]
    public async Task Watch_CallsRefusedAllTheTime_AreToldNowAndThenAndHowManyWereNot()
    {
        const ulong calls = 500;
        await using Handle powerless = await Root.ConstrainAsync([Right.ServerStart], LabelSet.Empty, LabelSet.Empty).Soon();
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root);
        for (ulong i = 0; i < calls; i++)
        {
            await Refused(powerless.ConnectAsync(Labels("service=x")));
        }

        var told = new List<RefusalNotice>();
        ulong counted = 0;
        while (counted < calls)
        {
            told.Add(await onlooker.NextAsync<RefusalNotice>());
            counted += 1 + told[^1].LeftOut;
        }

        Assert.That(counted, Is.EqualTo(calls), "each was told, or counted");
        Assert.That(told.Select(t => t.Method), Is.All.EqualTo("ClientConnect"));
        Assert.That(told, Has.Count.LessThan((int)calls / 10));
    }
}
