// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>What is told to those who watch, in which order, and to whom it is not.</summary>
internal sealed class WatchTests : BalanceFixture
{
    protected override string Configuration => """{ "quotas": { "handle": { "targets": 1 } } }""";

    [Test]
    public async Task Watch_TargetsThatAreThere_AreASnapshot()
    {
        await using Listener listener = await ListenAsync(1, new() { Weight = 7 }).Soon();
        await using Onlooker onlooker = Onlooker.Begin(Root);

        SnapshotNotice begun = await onlooker.NextAsync<SnapshotNotice>();
        TargetNotice listed = await onlooker.NextAsync<TargetNotice>();
        SnapshotNotice ended = await onlooker.NextAsync<SnapshotNotice>();

        Assert.That((begun.HasEnded, begun.Missed), Is.EqualTo((false, 0ul)));
        Assert.That((listed.Change, listed.Target.Weight), Is.EqualTo((TargetChange.Listed, 7)));
        Assert.That(listed.Target.Labels["instance"], Is.EqualTo("1"));
        Assert.That(ended.HasEnded, Is.True);
    }

    [Test]
    public async Task Watch_TargetComesChangesAndGoes_EachIsTold()
    {
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root);
        Listener listener = await ListenAsync(1).Soon();
        var told = new List<TargetNotice> { await onlooker.NextAsync<TargetNotice>() };
        await listener.UpdateAsync(weight: 9);
        told.Add(await onlooker.NextAsync<TargetNotice>());
        await Root.UpdateTargetsAsync(LabelSet.Empty, draining: true).Soon();
        await Root.UpdateTargetsAsync(LabelSet.Empty, draining: true).Soon();
        told.Add(await onlooker.NextAsync<TargetNotice>());
        await Root.ResetTargetsAsync(LabelSet.Empty).Soon();
        told.Add(await onlooker.NextAsync<TargetNotice>());
        await listener.DisposeAsync();
        told.Add(await onlooker.NextAsync<TargetNotice>());

        Assert.That(told.Select(t => t.Change), Is.EqualTo(new[]
        {
            TargetChange.Added, TargetChange.Changed, TargetChange.Drained, TargetChange.Changed, TargetChange.Removed,
        }), "what was so already is no change");
        Assert.That(told.Select(t => (t.Target.Weight, t.Target.IsDraining)), Is.EqualTo(
            new[] { (100, false), (9, false), (9, true), (9, false), (9, false) }));
        Assert.That(told.Select(t => t.TargetId).Distinct().Count(), Is.EqualTo(1));
        Assert.That(told.Select(t => t.Sequence), Is.Ordered.Ascending.And.Unique);
        Assert.That(told[^1].Reason, Is.Not.Empty);
    }

    [Test]
    public async Task Watch_Connect_EachStepIsToldWithItsLabels()
    {
        await using Listener listener = await ListenAsync(1).Soon();
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root);

        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "service=x", "extra=e");
        await using Connection one = atClient;
        await using Connection other = atServer;

        ConnectNotice asked = await onlooker.NextAsync<ConnectNotice>();
        ConnectNotice matched = await onlooker.NextAsync<ConnectNotice>();
        ConnectNotice accepted = await onlooker.NextAsync<ConnectNotice>(c => true);
        Assert.That(
            new[] { asked.Step, matched.Step, accepted.Step },
            Is.EqualTo(new[] { ConnectStep.Asked, ConnectStep.Matched, ConnectStep.Accepted }));
        Assert.That(new[] { matched.RequestId, accepted.RequestId }, Is.All.EqualTo(asked.RequestId));
        Assert.That(asked.Client.Id, Is.EqualTo(Environment.ProcessId));
        Assert.That(asked.Labels.Select(l => l.Key), Is.EqualTo(new[] { "extra", "service" }));
        Assert.That(accepted.Labels["instance"], Is.EqualTo("1"));
        Assert.That($"{accepted.ConnectionId}", Is.EqualTo(atClient.Labels["flower.connection_id"]));
        Assert.That(
            accepted.Labels.Select(l => (l.Key, l.Value)), Is.EqualTo(atClient.Labels.Select(l => (l.Key, l.Value))));
    }

    [Test]
    public async Task Watch_ConnectThatNothingMatches_IsRefusedWithNearMisses()
    {
        await using Listener near = await ListenAsync(1).Soon();
        await using Listener far = await Root.ListenAsync(Labels("service=y", "instance=2")).Soon();
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root);

        await Refused(Root.ConnectAsync(Labels("service=x", "instance=3")));

        Assert.That((await onlooker.NextAsync<ConnectNotice>()).Step, Is.EqualTo(ConnectStep.Asked));
        ConnectNotice refused = await onlooker.NextAsync<ConnectNotice>();
        Assert.That((refused.Step, refused.StatusCode), Is.EqualTo((ConnectStep.Refused, StatusCode.NotFound)));
        Assert.That(refused.Reason, Is.EqualTo("nothing matches instance=3 service=x"));
        Assert.That(refused.NearMisses.Select(m => m.Distance), Is.EqualTo(new int?[] { 1, 2 }));
        Assert.That(refused.NearMisses[0].Contradictions.Single(), Is.EqualTo(new LabelContradiction("instance", "3", "1")));
    }

    [Test]
    public async Task Watch_ConnectThatAHiddenTargetRejects_ItsWordsAreToldToThoseWhoMayListIt()
    {
        await using Listener hidden = await Root.ListenAsync(Labels("service=x", "zone=a")).Soon();
        await using Handle elsewhere = await NarrowAsync(Root, [], ["zone=b"]);
        await using Onlooker everywhere = await Onlooker.AfterSnapshotAsync(Root);
        await using Onlooker there = await Onlooker.AfterSnapshotAsync(elsewhere);

        Task connecting = Root.ConnectAsync(Labels("service=x"));
        await (await NextAsync(hidden)).RejectAsync("it is a secret why").Soon();
        await Refused(connecting);

        ConnectNotice all = await everywhere.NextAsync<ConnectNotice>(c => c.Step == ConnectStep.Refused);
        ConnectNotice some = await there.NextAsync<ConnectNotice>(c => c.Step == ConnectStep.Refused);
        Assert.That(all.Reason, Does.EndWith("it is a secret why"));
        Assert.That(some.Reason, Is.EqualTo("the reason is that of a target which is not shown here"));
        Assert.That((some.StatusCode, some.RequestId), Is.EqualTo((all.StatusCode, all.RequestId)));
    }

    [Test]
    public async Task Watch_TargetThatIsOverloaded_FailsOverIsTold()
    {
        await using Listener one = await ListenAsync(1, new() { Weight = 1000, Credit = 0 }).Soon();
        await using Listener two = await ListenAsync(2, new() { Weight = 0, Credit = 0 }).Soon();
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root);

        Task<Connection> connecting = Root.ConnectAsync(Labels("service=x"), new() { Balance = Balance.Weighted });
        await using (IncomingConnection rejected = await NextAsync(one))
        {
            await rejected.RejectAsync("too much to do", overloaded: true);
        }

        await using Connection atServer = await (await NextAsync(two)).AcceptAsync().Soon();
        await using Connection atClient = await connecting.Soon();

        var steps = new List<ConnectNotice>();
        while (steps.Count < 5)
        {
            steps.Add(await onlooker.NextAsync<ConnectNotice>(c => true));
        }

        Assert.That(steps.Select(s => s.Step), Is.EqualTo(new[]
        {
            ConnectStep.Asked, ConnectStep.Matched, ConnectStep.FailedOver, ConnectStep.Matched, ConnectStep.Accepted,
        }));
        Assert.That(steps[2].Reason, Is.EqualTo("too much to do"));
        Assert.That(steps[2].TargetId, Is.EqualTo(steps[1].TargetId).And.Not.EqualTo(steps[3].TargetId));
    }

    [Test]
    public async Task Watch_ClientThatGoes_GivenUpIsTold()
    {
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root);
        using var gone = new CancellationTokenSource();
        Task waiting = Root.ConnectAsync(Labels("service=x"), new() { Wait = true }, gone.Token);
        Assert.That((await onlooker.NextAsync<ConnectNotice>()).Step, Is.EqualTo(ConnectStep.Asked));

        await gone.CancelAsync();

        Assert.That((await onlooker.NextAsync<ConnectNotice>()).Step, Is.EqualTo(ConnectStep.GivenUp));
        Assert.That(async () => await waiting.Soon(), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Watch_NarrowHandle_SeesOnlyItsOwn()
    {
        await using Handle child = await NarrowAsync(Root, ["tenant=blue"], ["tenant=blue"]);
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(child);
        await using Handle sibling = await NarrowAsync(Root, ["tenant=red"], ["tenant=red"]);
        await using Listener red = await sibling.ListenAsync(Labels("service=x")).Soon();
        // Everybody's name, but for one user only, who is another one.
        await using Listener hidden = await Root.ListenAsync(Labels("service=h", "flower.client_uid=4711")).Soon();
        await Refused(sibling.ConnectAsync(Labels("service=none")));
        await Refused(sibling.ListenAsync(Labels("service=z")));

        // Its own, which come after all of that.
        await using Handle grandchild = await NarrowAsync(child, [], ["zone=z"]);
        await using Listener blue = await grandchild.ListenAsync(Labels("service=x")).Soon();
        await Refused(grandchild.ConnectAsync(Labels("service=none")));

        HandleNotice made = await onlooker.NextAsync<HandleNotice>();
        Assert.That((made.Step, made.OutLabels["zone"]), Is.EqualTo((HandleStep.Constrained, "z")));
        Assert.That((await onlooker.NextAsync<TargetNotice>()).Target.Labels["tenant"], Is.EqualTo("blue"));
        Assert.That((await onlooker.NextAsync<ConnectNotice>()).Labels["tenant"], Is.EqualTo("blue"));
        ConnectNotice refused = await onlooker.NextAsync<ConnectNotice>();
        Assert.That(refused.Step, Is.EqualTo(ConnectStep.Refused));
        Assert.That(refused.NearMisses.Select(m => m.Target.Labels["tenant"]), Is.EqualTo(new[] { "blue" }));
    }

    [Test]
    public async Task Watch_WithLabels_SeesOnlyWhatDoesNotContradictThem()
    {
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root, "service=x");
        await using Listener other = await Root.ListenAsync(Labels("service=y")).Soon();
        await Refused(Root.ConnectAsync(Labels("service=z")));
        await using Listener wanted = await ListenAsync(1).Soon();
        Assert.That((await onlooker.NextAsync<TargetNotice>()).Target.Labels["service"], Is.EqualTo("x"));
    }

    [Test]
    public async Task Watch_HandleRevoked_IsToldAndSoAreItsTargets()
    {
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root);
        await using Handle child = await NarrowAsync(Root, [], []);
        await using Listener listener = await child.ListenAsync(Labels("service=x")).Soon();
        ulong id = (await onlooker.NextAsync<HandleNotice>()).HandleId!.Value;

        await Root.RevokeAsync(id).Soon();

        Assert.That((await onlooker.NextAsync<TargetNotice>()).Change, Is.EqualTo(TargetChange.Added));
        TargetNotice removed = await onlooker.NextAsync<TargetNotice>();
        Assert.That((removed.Change, removed.Reason), Is.EqualTo((TargetChange.Removed, "its handle was revoked")));
        HandleNotice revoked = await onlooker.NextAsync<HandleNotice>();
        Assert.That((revoked.Step, revoked.HandleId), Is.EqualTo((HandleStep.Revoked, id)));
        Assert.That(revoked.Ended!.Targets, Is.EqualTo(1));
    }

    [Test]
    public async Task Watch_QuotaAndRefusal_AreTold()
    {
        await using Handle child = await NarrowAsync(Root, [], []);
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root);
        await using Listener one = await child.ListenAsync(Labels("service=x")).Soon();
        await Refused(child.ListenAsync(Labels("service=y")));
        await Refused(Root.ListenAsync(Labels("service=x")));

        await onlooker.NextAsync<TargetNotice>();
        QuotaNotice quota = await onlooker.NextAsync<QuotaNotice>();
        Assert.That((quota.Quota, quota.Limit), Is.EqualTo(("targets", 1L)));
        Assert.That(quota.Budget, Is.EqualTo($"handle {quota.HandleId}"));
        RefusalNotice refused = await onlooker.NextAsync<RefusalNotice>();
        Assert.That((refused.Method, refused.StatusCode), Is.EqualTo(("ServerStart", StatusCode.FailedPrecondition)));
    }

    [Test]
    public async Task Watch_WithoutTheRight_PermissionDenied()
    {
        await using Handle powerless = await Root.ConstrainAsync([Right.ServerStart], LabelSet.Empty, LabelSet.Empty).Soon();
        FlowerException watched = await Refused(powerless.WatchAsync(LabelSet.Empty).ToListAsync().AsTask());
        FlowerException stats = await Refused(powerless.StatsAsync());
        Assert.That(new[] { watched.StatusCode, stats.StatusCode }, Is.All.EqualTo(StatusCode.PermissionDenied));
    }

    [Test]
    public async Task Watch_TooManyOfOneUser_ResourceExhausted()
    {
        await using Handle child = await NarrowAsync(Root, [], []);
        var onlookers = new List<Onlooker>();
        for (int i = 0; i < 32; i++)
        {
            onlookers.Add(await Onlooker.AfterSnapshotAsync(child));
        }

        FlowerException refused = await Refused(child.WatchAsync(LabelSet.Empty).ToListAsync().AsTask());
        Assert.That(refused.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(refused.Message, Does.EndWith("watches the board 32 times, the limit"));
        await using (await Onlooker.AfterSnapshotAsync(Root))
        {
            // Root sees everything, over a path.
        }

        foreach (Onlooker onlooker in onlookers)
        {
            await onlooker.DisposeAsync();
        }
    }

    [Test]
    public async Task Stats_AfterSome_CountsThem()
    {
        await using Handle child = await NarrowAsync(Root, [], []);
        await using Listener listener = await child.ListenAsync(Labels("service=x")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "service=x");
        await using Connection one = atClient;
        await using Connection other = atServer;
        await Refused(Root.ConnectAsync(Labels("service=none")));
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root);

        BoardStats stats = await Root.StatsAsync().Soon();

        Assert.That((stats.ProcessId, stats.HandleDoor), Is.EqualTo((Environment.ProcessId, SocketPath)));
        Assert.That((stats.Servers, stats.Egresses, stats.Watchers), Is.EqualTo((1, 0, 1)));
        Assert.That((stats.ConnectsAsked, stats.ConnectsAccepted), Is.EqualTo((2L, 1L)));
        Assert.That(stats.ConnectsRefused, Is.EqualTo(new Dictionary<StatusCode, long> { [StatusCode.NotFound] = 1 }));
        Assert.That(stats.PendingCalls, Is.EqualTo(2), "the one who watches, and this call");
        Assert.That(stats.Quotas.Single().Quota, Is.EqualTo("targets"));
        Assert.That((stats.Quotas[0].Used, stats.Quotas[0].Limit), Is.EqualTo((1L, 1L)));
        Assert.That(stats.LastRefusals.Single().Reason, Is.EqualTo("nothing matches service=none"));

        BoardStats below = await child.StatsAsync().Soon();
        Assert.That(below.LastRefusals, Is.Empty, "it was over a handle that this one may not see");
        Assert.That(below.Quotas, Has.Count.EqualTo(1), "its own");
    }
}
