// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>What an operator sets of targets, and whose.</summary>
internal sealed class UpdateTargetsTests : BalanceFixture
{
    [Test]
    public async Task Update_OverAPath_StandsAboveWhatTheTargetSaysUntilReset()
    {
        await using Listener one = await ListenAsync(1, new() { Weight = 7 }).Soon();
        await using Listener two = await ListenAsync(2, new() { Weight = 8 }).Soon();
        await using Handle @operator = await OpenAsync();

        Assert.That(await @operator.UpdateTargetsAsync(Labels("service=x"), weight: 50).Soon(), Is.EqualTo(2));
        Assert.That(await @operator.UpdateTargetsAsync(Labels("instance=1"), draining: true).Soon(), Is.EqualTo(1));
        await one.UpdateAsync(weight: 9, draining: false);

        Assert.That(await StatesAsync(), Is.EqualTo(new[] { (50, true), (50, false) }));
        Assert.That(await @operator.ResetTargetsAsync(Labels("service=x"), draining: false).Soon(), Is.EqualTo(2));
        Assert.That(await StatesAsync(), Is.EqualTo(new[] { (9, true), (8, false) }));
        Assert.That(await @operator.UpdateTargetsAsync(Labels("instance=2"), weight: 0).Soon(), Is.EqualTo(1));
        Assert.That(await @operator.ResetTargetsAsync(LabelSet.Empty, weight: false).Soon(), Is.EqualTo(2));
        Assert.That(await StatesAsync(), Is.EqualTo(new[] { (9, false), (0, false) }));
    }

    [Test]
    public async Task Update_KeyThatATargetLacks_IsNotMeantForIt()
    {
        await using Listener one = await ListenAsync(1).Soon();
        await using Listener two = await Root.ListenAsync(Labels("service=x", "instance=2", "color=blue")).Soon();

        Assert.That(await Root.UpdateTargetsAsync(Labels("service=x", "color=blue"), draining: true).Soon(), Is.EqualTo(1));
        Assert.That(
            (await Refused(Root.UpdateTargetsAsync(Labels("service=x", "colour=blue"), draining: true))).StatusCode,
            Is.EqualTo(StatusCode.NotFound));
        Assert.That(
            await Root.UpdateTargetsAsync(Labels("service=x", $"flower.server_pid={Environment.ProcessId}"), weight: 3).Soon(),
            Is.EqualTo(2));
        Assert.That(await StatesAsync(), Is.EqualTo(new[] { (3, false), (3, true) }));
    }

    // As for Revoke: what was made from it, and besides, what its own session registered.
    [Test]
    public async Task Update_OverANarrowHandle_ReachesItsOwnAndWhatWasMadeFromIt()
    {
        await using Handle child = await NarrowAsync(Root, [], []);
        await using Handle grandchild = await NarrowAsync(child, [], []);
        await using Handle sibling = await NarrowAsync(Root, [], []);
        await using Listener root = await ListenAsync(1).Soon();
        await using Listener own = await child.ListenAsync(Labels("service=x", "instance=2")).Soon();
        await using Listener below = await grandchild.ListenAsync(Labels("service=x", "instance=3")).Soon();
        await using Listener beside = await sibling.ListenAsync(Labels("service=x", "instance=4")).Soon();

        Assert.That(await child.UpdateTargetsAsync(Labels("service=x"), draining: true).Soon(), Is.EqualTo(2));
        Assert.That(
            await StatesAsync(), Is.EqualTo(new[] { (100, false), (100, true), (100, true), (100, false) }));
        Assert.That(await grandchild.UpdateTargetsAsync(Labels("service=x"), weight: 3).Soon(), Is.EqualTo(1));
        FlowerException e = await Refused(grandchild.UpdateTargetsAsync(Labels("instance=2"), weight: 3));
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.NotFound));
        Assert.That(await Root.UpdateTargetsAsync(Labels("service=x"), weight: 4).Soon(), Is.EqualTo(4));
    }

    [Test]
    public async Task Update_WithoutARight_Works()
    {
        await using Handle powerless = await Root.ConstrainAsync([Right.ServerStart], LabelSet.Empty, LabelSet.Empty).Soon();
        await using Listener listener = await powerless.ListenAsync(Labels("service=x")).Soon();
        Assert.That(await powerless.UpdateTargetsAsync(LabelSet.Empty, weight: 1).Soon(), Is.EqualTo(1));
    }

    [Test]
    public async Task Update_Many_ReachesAll()
    {
        const int count = 700;
        var listeners = new List<Listener>();
        for (int i = 0; i < count; i++)
        {
            listeners.Add(await ListenAsync(i).Soon());
        }

        Assert.That(await Root.UpdateTargetsAsync(Labels("service=x"), weight: 1).Soon(), Is.EqualTo(count));
        Assert.That((await StatesAsync()).Distinct(), Is.EqualTo(new[] { (1, false) }));
        foreach (Listener listener in listeners)
        {
            await listener.DisposeAsync();
        }
    }

    [Test]
    public async Task Update_Nonsense_InvalidArgument()
    {
        await using Listener one = await ListenAsync(1).Soon();
        Assert.That(
            (await Refused(Root.UpdateTargetsAsync(LabelSet.Empty))).StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
        Assert.That(
            (await Refused(Root.UpdateTargetsAsync(Labels("service=y"), weight: 1))).StatusCode,
            Is.EqualTo(StatusCode.NotFound));
    }

    [Test]
    public async Task Update_DrainsAll_WaitersComeWhenItIsUndone()
    {
        await using Listener one = await ListenAsync(1).Soon();
        await Root.UpdateTargetsAsync(LabelSet.Empty, draining: true).Soon();
        Task<Connection> waiting = Root.ConnectAsync(Labels("service=x"), new() { Wait = true });
        FlowerException e = await Refused(Root.ConnectAsync(Labels("service=x")));
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));

        await Root.ResetTargetsAsync(LabelSet.Empty).Soon();

        await using Connection atServer = await (await NextAsync(one)).AcceptAsync().Soon();
        await using Connection atClient = await waiting.Soon();
        AssertTalk(atClient, atServer);
    }

    // In the order of registration.
    private async Task<List<(int Weight, bool IsDraining)>> StatesAsync() =>
        [.. (await Root.ListAsync(LabelSet.Empty).ToListAsync()).Select(t => (t.Weight, t.IsDraining))];
}
