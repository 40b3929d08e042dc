// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>What a tap does not have, and how many there may be.</summary>
internal sealed class TapLimitTests : BoardFixture
{
    protected override string Configuration =>
        """{ "grants": [ { "who": "user:root", "rights": ["all", "tap"] } ] }""";

    [Test]
    public async Task Tap_OfATargetThatListHides_IsNone()
    {
        await using Listener hidden = await Root.ListenAsync(Labels("service=x")).Soon();
        await using Listener shown = await Root.ListenAsync(Labels("service=y", "tenant=a")).Soon();
        await using Handle narrow = await Root.ConstrainAsync([.. AllRights, Right.Tap], LabelSet.Empty, Labels("+tenant", "tenant=a")).Soon();
        await using Client.Tap tap = await narrow.TapAsync(Labels("+flower.connection_id")).Soon();

        // Both connections state what the handle requires; of the first the target does not.
        Assert.That(await TapTests.IsTappedAsync(Root, hidden, "service=x", "tenant=a"), Is.False);
        Assert.That(await TapTests.IsTappedAsync(Root, shown, "service=y", "tenant=a"), Is.True);
    }

    [Test]
    public async Task Tap_TooManyOfOneUser_ResourceExhausted()
    {
        var taps = new List<Client.Tap>();
        for (int i = 0; i < 16; i++)
        {
            taps.Add(await Root.TapAsync(Labels("service=x")).Soon());
        }

        FlowerException refused = await Refused(Root.TapAsync(Labels("service=x")));
        Assert.That(refused.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(refused.Message, Does.Contain("taps 16 times, the limit"));
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root);
        await taps[0].DisposeAsync();
        await onlooker.NextAsync<HandleNotice>(notice => notice.Step == HandleStep.TapEnded);
        taps[0] = await Root.TapAsync(Labels("service=x")).Soon();
        foreach (Client.Tap tap in taps)
        {
            await tap.DisposeAsync();
        }
    }
}
