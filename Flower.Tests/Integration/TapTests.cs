// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;
using TappedConnection = Flower.Client.TappedConnection;

namespace Flower.Tests.Integration;

/// <summary>Which connections a tap has, with which sockets, and what becomes of those that fail.</summary>
internal sealed class TapTests : BoardFixture
{
    private static readonly Right[] EveryRight = [.. AllRights, Right.Tap];

    protected override string Configuration =>
        """{ "grants": [ { "who": "user:root", "rights": ["all", "tap"] } ] }""";

    [Test]
    public async Task Tap_APair_HasBothSidesAndBothAreTold()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=x")).Soon();
        await using Client.Tap tap = await Root.TapAsync(Labels("service=x")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "service=x", "a=b");
        using Connection client = atClient;
        using Connection server = atServer;
        using TappedConnection tapped = await NextAsync(tap);

        Assert.That(client.Labels["flower.tapped"], Is.EqualTo("true"));
        Assert.That(client.Labels.Single(l => l.Key == "flower.tapped").Source, Is.EqualTo(Source.Attested));
        Assert.That(server.Labels["flower.tapped"], Is.EqualTo("true"));
        Assert.That(tapped.Id.ToString(), Is.EqualTo(client.Labels["flower.connection_id"]));
        Assert.That((tapped.ClientLabels["a"], tapped.TargetLabels["service"]), Is.EqualTo(("b", "x")));
        Assert.That((tapped.Client.Id, tapped.Kind), Is.EqualTo((Environment.ProcessId, ConnectionKind.Pair)));
        AssertLeadTo(tapped, client, server);
        await foreach (ConnectionInfo live in Root.ConnectionsAsync(Labels("service=x")))
        {
            Assert.That(live.ClientLabels["flower.tapped"], Is.EqualTo("true"));
        }
    }

    [Test]
    public async Task Tap_APushedSocket_HasItAndTheServerHasAPair()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=x")).Soon();
        await using Client.Tap tap = await Root.TapAsync(Labels("service=x")).Soon();
        (Descriptor given, Descriptor kept) = Pair();
        Task<ConnectionLabels> pushing = Root.PushDescriptorAsync(given, Labels("service=x"));
        using Connection server = await (await NextAsync(listener)).AcceptAsync().Soon();
        ConnectionLabels labels = await pushing.Soon();
        using TappedConnection tapped = await NextAsync(tap);
        using var client = new Connection(kept, labels);

        Assert.That(tapped.Kind, Is.EqualTo(ConnectionKind.Pushed));
        Assert.That(labels["flower.tapped"], Is.EqualTo("true"));
        AssertLeadTo(tapped, client, server);
    }

    [Test]
    public async Task Tap_AnEgress_HasItsSocketAndTheClientHasAPair()
    {
        await using Client.Egress egress = await Root.StartEgressAsync(
            Labels("service=x"), new() { FixedDestination = true }).Soon();
        await using Client.Tap tap = await Root.TapAsync(Labels("service=x")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=x"));
        (Descriptor given, Descriptor kept) = Pair();
        await (await NextAsync(egress)).ConnectedDescriptorAsync(given).Soon();
        using Connection client = await connecting.Soon();
        using TappedConnection tapped = await NextAsync(tap);
        using var server = new Connection(kept, client.Labels);

        Assert.That(tapped.Kind, Is.EqualTo(ConnectionKind.EgressSocket));
        AssertLeadTo(tapped, client, server);
    }

    [Test]
    public async Task Tap_WithLabels_TapsWhatAgreesAndSharesOne()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=x")).Soon();
        await using Listener other = await Root.ListenAsync(Labels("service=y")).Soon();
        await using Client.Tap tap = await Root.TapAsync(Labels("service=x", "colour=red")).Soon();

        Assert.That(await IsTappedAsync(Root, listener, "service=x"), Is.True, "shares one");
        Assert.That(await IsTappedAsync(Root, listener, "service=x", "colour=blue"), Is.False, "contradicts");
        Assert.That(await IsTappedAsync(Root, other, "service=y", "colour=red"), Is.False, "contradicts");
        await using Client.Tap required = await Root.TapAsync(Labels("+colour", "service=y")).Soon();
        Assert.That(await IsTappedAsync(Root, other, "service=y"), Is.False, "does not state what is required");
        Assert.That(await IsTappedAsync(Root, other, "service=y", "colour=green"), Is.True);
        await using Client.Tap pid = await Root.TapAsync(Labels($"flower.client_pid={Environment.ProcessId}")).Soon();
        Assert.That(await IsTappedAsync(Root, other, "service=y"), Is.True, "what is attested");
        await using Client.Tap nobody = await Root.TapAsync(Labels("nothing=states-it")).Soon();
        await pid.StopAsync();
        Assert.That(await IsTappedAsync(Root, other, "service=y"), Is.False, "shares none");
    }

    [Test]
    public async Task Tap_OverANarrowHandle_TapsWhatItsLabelsAllow()
    {
        await using Listener a = await Root.ListenAsync(Labels("service=x", "tenant=a")).Soon();
        await using Listener b = await Root.ListenAsync(Labels("service=x", "tenant=b")).Soon();
        await using Listener none = await Root.ListenAsync(Labels("service=y")).Soon();
        await using Handle narrow = await Root.ConstrainAsync(EveryRight, LabelSet.Empty, Labels("+tenant", "tenant=a")).Soon();
        await using Client.Tap tap = await narrow.TapAsync(Labels("+flower.connection_id")).Soon();

        Assert.That(await IsTappedAsync(Root, a, "service=x", "tenant=a"), Is.True);
        Assert.That(await IsTappedAsync(Root, b, "service=x", "tenant=b"), Is.False);
        Assert.That(await IsTappedAsync(Root, none, "service=y"), Is.False);
        FlowerException wider = await Refused(narrow.TapAsync(Labels("tenant=b")));
        Assert.That(wider.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(wider.Keys, Is.EqualTo(new[] { "tenant" }));
        FlowerException empty = await Refused(Root.TapAsync(LabelSet.Empty));
        Assert.That(empty.StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
        await using Handle without = await Root.ConstrainAsync(AllRights, LabelSet.Empty, LabelSet.Empty).Soon();
        FlowerException lacks = await Refused(without.TapAsync(Labels("service=x")));
        Assert.That((lacks.StatusCode, lacks.Rights.Single()), Is.EqualTo((StatusCode.PermissionDenied, Right.Tap)));
    }

    [Test]
    public async Task Tap_WithoutCredit_ConnectionIsUntappedAndCounted()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=x")).Soon();
        await using Client.Tap tap = await Root.TapAsync(Labels("service=x"), new() { Credit = 1 }).Soon();

        Assert.That(await IsTappedAsync(Root, listener, "service=x"), Is.True);
        Assert.That(await IsTappedAsync(Root, listener, "service=x"), Is.False, "one waits to be enumerated");
        Assert.That(await IsTappedAsync(Root, listener, "service=x"), Is.False);
        (await NextAsync(tap)).Dispose();
        await UntilTappedAsync(listener);

        await tap.StopAsync();
        await foreach (TappedConnection rest in tap)
        {
            rest.Dispose();
        }

        Assert.That(tap.Missed, Is.GreaterThanOrEqualTo(2));
    }

    [Test]
    public async Task Tap_MostReached_TapsNoMore()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=x")).Soon();
        await using Client.Tap tap = await Root.TapAsync(Labels("service=x"), new() { Most = 2 }).Soon();

        Assert.That(await IsTappedAsync(Root, listener, "service=x"), Is.True);
        Assert.That(await IsTappedAsync(Root, listener, "service=x"), Is.True);
        Assert.That(await IsTappedAsync(Root, listener, "service=x"), Is.False);
        int count = 0;
        await foreach (TappedConnection connection in tap)
        {
            connection.Dispose();
            count++;
        }

        Assert.That(count, Is.EqualTo(2), "and the enumeration ends");
    }

    [Test]
    public async Task Tap_GoneWhileAConnectIsUnderWay_ItFailsAtOnce()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=x")).Soon();
        await using Handle tapper = await OpenAsync();
        await using Client.Tap tap = await tapper.TapAsync(Labels("+flower.connection_id")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=x"));
        IncomingConnection incoming = await NextAsync(listener);

        await tapper.DisposeAsync();
        await UntilUntappedAsync();
        using Connection server = await incoming.AcceptAsync().Soon();

        FlowerException gone = await Refused(connecting);
        Assert.That(gone.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(gone.Message, Does.Contain("the tap that was to relay the connection has gone"));
        Assert.That(server.Socket.Receive(new byte[1]), Is.Zero);
    }

    [Test]
    public async Task Tap_StoppedWhileAConnectIsUnderWay_StillHasIt()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=x")).Soon();
        await using Client.Tap tap = await Root.TapAsync(Labels("service=x")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=x"));
        IncomingConnection incoming = await NextAsync(listener);

        await tap.StopAsync();
        using Connection server = await incoming.AcceptAsync().Soon();
        using Connection client = await connecting.Soon();
        using TappedConnection tapped = await NextAsync(tap);

        AssertLeadTo(tapped, client, server);
    }

    [Test]
    public async Task Push_FirstServerOverloaded_SocketGoesToTheNextOneTapped()
    {
        await using Listener one = await Root.ListenAsync(Labels("service=x", "instance=1")).Soon();
        await using Client.Tap tap = await Root.TapAsync(Labels("service=x")).Soon();
        (Descriptor given, Descriptor kept) = Pair();
        Task<ConnectionLabels> pushing = Root.PushDescriptorAsync(
            given, Labels("service=x"), new() { Balance = Balance.RoundRobin, MaxTries = 2 });
        IncomingConnection first = await NextAsync(one);
        await using Listener two = await Root.ListenAsync(Labels("service=x", "instance=2")).Soon();
        await first.RejectAsync("busy", overloaded: true).Soon();
        using Connection server = await (await NextAsync(two)).AcceptAsync().Soon();
        using var client = new Connection(kept, await pushing.Soon());
        using TappedConnection tapped = await NextAsync(tap);

        AssertLeadTo(tapped, client, server);
    }

    [Test]
    public async Task Connect_Rejected_TapHearsNothing()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=x")).Soon();
        await using Client.Tap tap = await Root.TapAsync(Labels("service=x"), new() { Credit = 1 }).Soon();
        for (int i = 0; i < 3; i++)
        {
            (Descriptor given, Descriptor kept) = Pair();
            using Descriptor end = kept;
            Task connecting = i == 1
                ? Root.PushDescriptorAsync(given, Labels("service=x"))
                : Root.ConnectAsync(Labels("service=x"));
            await (await NextAsync(listener)).RejectAsync("no").Soon();
            await Refused(connecting);
            if (i == 1)
            {
                AssertClosed(kept);
            }
            else
            {
                given.Dispose();
            }
        }

        Assert.That(await IsTappedAsync(Root, listener, "service=x"), Is.True, "its credit is whole");
        Assert.That(tap.Missed, Is.Zero);
    }

    [Test]
    public async Task Revoke_ATappedConnection_EndsIt()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=x")).Soon();
        await using Client.Tap tap = await Root.TapAsync(Labels("service=x")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=x"), new() { Revocable = true });
        using Connection server = await (await NextAsync(listener)).AcceptAsync().Soon();
        using Connection client = await connecting.Soon();
        using TappedConnection tapped = await NextAsync(tap);

        await Root.RevokeConnectionAsync(tapped.Id).Soon();

        Assert.That(client.Socket.Receive(new byte[1]), Is.Zero);
        AssertClosed(tapped.TakeSockets().Client);
    }

    [Test]
    public async Task Watch_ATap_ItsBeginAndEndAreTold()
    {
        await using Onlooker onlooker = await Onlooker.AfterSnapshotAsync(Root);
        Client.Tap tap = await Root.TapAsync(Labels("service=x")).Soon();
        HandleNotice begun = await onlooker.NextAsync<HandleNotice>();
        await tap.DisposeAsync();
        HandleNotice ended = await onlooker.NextAsync<HandleNotice>();

        Assert.That((begun.Step, begun.Name), Is.EqualTo((HandleStep.TapBegun, "tap-begun")));
        Assert.That((begun.OutLabels["service"], begun.Process.Id), Is.EqualTo(("x", Environment.ProcessId)));
        Assert.That((ended.Step, ended.Name), Is.EqualTo((HandleStep.TapEnded, "tap-ended")));
    }

    private static void AssertLeadTo(TappedConnection tapped, Connection client, Connection server)
    {
        (Descriptor toClient, Descriptor toServer) = tapped.TakeSockets();
        using var one = new Connection(toClient, client.Labels);
        using var other = new Connection(toServer, client.Labels);
        AssertTalk(client, one);
        AssertTalk(other, server);
    }

    private static async Task<TappedConnection> NextAsync(Client.Tap tap)
    {
        await using IAsyncEnumerator<TappedConnection> connections = tap.GetAsyncEnumerator();
        Assert.That(await connections.MoveNextAsync().AsTask().Soon(), Is.True);
        return connections.Current;
    }

    internal static async Task<bool> IsTappedAsync(Handle handle, Listener listener, params string[] words)
    {
        (Connection client, Connection server) = await ConnectAsync(handle, listener, words);
        bool isTapped = client.Labels["flower.tapped"] is not null;
        client.Dispose();
        server.Dispose();
        return isTapped;
    }

    // A credit is under way.
    private async Task UntilTappedAsync(Listener listener)
    {
        for (int i = 0; i < 1000; i++)
        {
            if (await IsTappedAsync(Root, listener, "service=x"))
            {
                return;
            }
        }

        Assert.Fail("the credit does not arrive");
    }

    private async Task UntilUntappedAsync()
    {
        await using Listener probe = await Root.ListenAsync(Labels("service=y")).Soon();
        for (int i = 0; i < 1000; i++)
        {
            if (!await IsTappedAsync(Root, probe, "service=y"))
            {
                return;
            }
        }

        Assert.Fail("the tap does not end");
    }
}

/// <summary>A switchboard whose configuration gives the right to nobody.</summary>
internal sealed class TapRightTests : BoardFixture
{
    [Test]
    public async Task Tap_AsRootWithoutAGrant_IsDenied()
    {
        FlowerException denied = await Refused(Root.TapAsync(Labels("service=x")));

        Assert.That((denied.StatusCode, denied.Rights.Single()), Is.EqualTo((StatusCode.PermissionDenied, Right.Tap)));
        FlowerException wider = await Refused(Root.ConstrainAsync([Right.Tap], LabelSet.Empty, LabelSet.Empty));
        Assert.That(wider.Rights.Single(), Is.EqualTo(Right.Tap));
    }
}
