// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Connections that can be shut down, and when the switchboard lets go of them: docs/handles.md.</summary>
internal sealed class RevocableConnectionTests : BoardFixture
{
    private static readonly ConnectOptions Revocable = new() { Revocable = true };

    [TestCase(0)]
    [TestCase(128)]
    public async Task Revoke_Pair_BothSidesSeeTheEnd(int credit)
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(listener);
        using (atClient)
        using (atServer)
        {
            AssertTalk(atClient, atServer);
            Assert.That(atClient.IsRevocable, Is.True);
            Assert.That(atServer.IsRevocable, Is.True);
            Assert.That(atServer.Labels.Single(l => l.Key == "flower.revocable").Source, Is.EqualTo(Source.Attested));
            ConnectionInfo info = (await ConnectionsAsync()).Single();
            Assert.That(info.Id, Is.EqualTo(IdOf(atClient)));
            Assert.That(info.Client.Id, Is.EqualTo(Environment.ProcessId));

            RevokeResult result = await Root.RevokeConnectionAsync(info.Id).Soon();

            Assert.That(result, Is.EqualTo(new RevokeResult(0, 0, 0, 1)));
            AssertEnds(atClient.Socket);
            AssertEnds(atServer.Socket);
            Assert.That(await ConnectionsAsync(), Is.Empty);
            Assert.That((await Refused(Root.RevokeConnectionAsync(info.Id))).StatusCode, Is.EqualTo(StatusCode.NotFound));
        }
    }

    [Test]
    public async Task Connect_NotRevocable_CannotBeRevoked()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "a=1");
        using (atClient)
        using (atServer)
        {
            Assert.That(atClient.IsRevocable, Is.False);
            Assert.That(await ConnectionsAsync(), Is.Empty);
            Assert.That(
                (await Refused(Root.RevokeConnectionAsync(IdOf(atClient)))).StatusCode, Is.EqualTo(StatusCode.NotFound));
            AssertTalk(atClient, atServer);
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Revoke_HandleOfEitherSide_ShutsTheConnectionDown(bool client)
    {
        await using Handle atClientHandle = await NarrowAsync(Root, [], []);
        await using Handle atServerHandle = await NarrowAsync(Root, [], []);
        await using Handle below = await NarrowAsync(atClientHandle, [], []);
        await using Listener listener = await atServerHandle.ListenAsync(Labels("a=1")).Soon();
        Task<Connection> connecting = below.ConnectAsync(Labels("a=1"), Revocable);
        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        using Connection atClient = await connecting.Soon();
        ConnectionInfo info = (await ConnectionsAsync()).Single();
        Assert.That((await Root.HandlesAsync().ToListAsync()).Single(h => h.Id == info.ClientHandle).Connections, Is.EqualTo(1));

        // Also when the session over which it was made has ended, and its handle is not live any more.
        await below.DisposeAsync();
        ulong top = (await Root.HandlesAsync().ToListAsync())
            .Where(h => h.Parent is not null && h.Id != info.TargetHandle).Min(h => h.Id);
        RevokeResult result = await Root.RevokeAsync(client ? top : info.TargetHandle).Soon();

        Assert.That(result.Connections, Is.EqualTo(1));
        AssertEnds(atClient.Socket);
        AssertEnds(atServer.Socket);
    }

    [Test]
    public async Task Revoke_OfOthers_NotFound()
    {
        await using Handle one = await NarrowAsync(Root, [], []);
        await using Handle two = await NarrowAsync(Root, [], []);
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        Task<Connection> connecting = one.ConnectAsync(Labels("a=1"), Revocable);
        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        using Connection atClient = await connecting.Soon();

        Assert.That(await two.RevocableConnectionsAsync().ToListAsync(), Is.Empty);
        Assert.That(
            (await Refused(two.RevokeConnectionAsync(IdOf(atClient)))).StatusCode, Is.EqualTo(StatusCode.NotFound));
        AssertTalk(atClient, atServer);
        Assert.That(await one.RevocableConnectionsAsync().ToListAsync(), Has.Count.EqualTo(1), "its own");
        await one.RevokeConnectionAsync(IdOf(atClient)).Soon();
        AssertEnds(atServer.Socket);
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Revoke_PushedSocket_BothSidesSeeTheEnd(int credit)
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        (Socket outside, Socket accepted) = Tcp();
        using Socket held = outside;
        Task<ConnectionLabels> pushing = Root.PushAsync(accepted, Labels("a=1"), Revocable);
        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        ConnectionLabels labels = await pushing.Soon();
        accepted.Dispose();
        AssertHears(outside, atServer.Socket, "hello");

        await Root.RevokeConnectionAsync(ulong.Parse(labels["flower.connection_id"]!, CultureInfo.InvariantCulture)).Soon();

        AssertEnds(outside);
        AssertEnds(atServer.Socket);
    }

    [Test]
    public async Task Revoke_PushedSocketThatItsServerReceivesFromForEver_HoldsUpNobody()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Socket outside, Socket accepted) = Tcp();
        using Socket held = outside;
        Task<ConnectionLabels> pushing = Root.PushAsync(accepted, Labels("a=1"), Revocable);
        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        ConnectionLabels labels = await pushing.Soon();
        accepted.Dispose();
        outside.Send([1]);
        using (var stalled = new StalledReceive(atServer.Socket.SafeHandle))
        {
            await Root.RevokeConnectionAsync(ulong.Parse(labels["flower.connection_id"]!, CultureInfo.InvariantCulture)).Soon();

            (Connection atClient, Connection another) = await ConnectAsync(listener);
            atClient.Dispose();
            another.Dispose();
        }

        AssertEnds(outside);
    }

    [Test]
    public async Task Revoke_EgressSocket_BothSidesSeeTheEnd()
    {
        await using Client.Egress egress =
            await Root.StartEgressAsync(Labels("a=1"), new() { FixedDestination = true }).Soon();
        (Socket outside, Socket inside) = Tcp();
        using Socket held = outside;
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"), Revocable);
        await (await NextAsync(egress)).ConnectedAsync(inside).Soon();
        inside.Dispose();
        using Connection connection = await connecting.Soon();
        AssertHears(outside, connection.Socket, "hello");

        await Root.RevokeConnectionAsync(IdOf(connection)).Soon();

        AssertEnds(outside);
        AssertEnds(connection.Socket);
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Revoke_BeforeItIsAccepted_ClientIsToldAndTheOfferIsWithdrawn(int credit)
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"), Revocable);
        IncomingConnection pending = await NextAsync(listener);
        ulong id = ulong.Parse(pending.Labels["flower.connection_id"]!, CultureInfo.InvariantCulture);
        Assert.That(await ConnectionsAsync(), Is.Empty, "it is not made yet");

        await Root.RevokeConnectionAsync(id).Soon();

        FlowerException e = await Refused(connecting);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(e.Message, Does.Contain("the connection was revoked"));
        Waiting.Until(() => pending.IsWithdrawn, "the offer stands");
    }

    [Test]
    public async Task Revoke_EgressBeforeItAnswers_ClientIsToldAndTheSocketIsClosed()
    {
        await using Client.Egress egress =
            await Root.StartEgressAsync(Labels("a=1"), new() { FixedDestination = true }).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"), Revocable);
        EgressRequest request = await NextAsync(egress);
        ulong id = ulong.Parse(request.Labels["flower.connection_id"]!, CultureInfo.InvariantCulture);
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;

        await Root.RevokeConnectionAsync(id).Soon();

        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        await request.ConnectedDescriptorAsync(given).Soon();
        AssertClosed(kept);
    }

    [Test]
    public async Task Connect_Rejected_NothingIsHeld()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;
        Task<ConnectionLabels> pushing = Root.PushDescriptorAsync(given, Labels("a=1"), Revocable);

        await (await NextAsync(listener)).RejectAsync("full").Soon();

        Assert.That((await Refused(pushing)).StatusCode, Is.EqualTo(StatusCode.Unavailable));
        AssertClosed(kept);
    }

    [Test]
    public async Task HangUp_ServerCloses_SwitchboardLetsGo()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(listener);
        using Descriptor client = atClient.TakeDescriptor();
        atServer.TakeDescriptor().Dispose();

        AssertLetGo();
        Assert.That(UnixSocket.IsHungUp(client), Is.True);
    }

    [Test]
    public async Task HangUp_BothDirectionsShutDown_SwitchboardLetsGo()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(listener);
        using (atClient)
        using (atServer)
        {
            atClient.Socket.Shutdown(SocketShutdown.Send);
            Assert.That(atServer.Socket.Receive(new byte[1]), Is.Zero, "the half-close passes");
            AssertHears(atServer.Socket, atClient.Socket, "still here");
            Assert.That(await ConnectionsAsync(), Has.Count.EqualTo(1), "half of it is still open");

            atServer.Socket.Shutdown(SocketShutdown.Send);

            AssertLetGo();
        }
    }

    [Test]
    public async Task Dispose_ClientsConnection_ServerSeesTheEnd()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(listener);
        using (atServer)
        {
            atClient.Dispose();

            AssertEnds(atServer.Socket);
            AssertLetGo();
        }
    }

    [Test]
    public async Task Close_ClientsDescriptor_ServerSeesNoEndBeforeTheSwitchboardLetsGo()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(listener);
        ulong id = IdOf(atClient);
        using (atServer)
        {
            atClient.TakeDescriptor().Dispose();
            await Root.ListAsync(LabelSet.Empty).ToListAsync();
            Assert.That(atServer.Socket.Poll(TimeSpan.Zero, SelectMode.SelectRead), Is.False, "the documented cost");

            await Root.RevokeConnectionAsync(id).Soon();

            AssertEnds(atServer.Socket);
        }
    }

    [Test]
    public async Task HangUp_PushedSocketEndsBothWays_SwitchboardLetsGo()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Socket outside, Socket accepted) = Tcp();
        using Socket held = outside;
        Task<ConnectionLabels> pushing = Root.PushAsync(accepted, Labels("a=1"), Revocable);
        Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        await pushing.Soon();
        accepted.Dispose();
        outside.Shutdown(SocketShutdown.Send);
        Assert.That(atServer.Socket.Receive(new byte[1]), Is.Zero);
        Assert.That(await ConnectionsAsync(), Has.Count.EqualTo(1), "the server may still send");
        AssertHears(atServer.Socket, outside, "still here");

        atServer.Dispose();

        AssertEnds(outside);
        AssertLetGo();
    }

    [Test]
    public async Task Board_Stops_ConnectionLivesOn()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(listener);
        using (atClient)
        using (atServer)
        {
            await StopDaemonAsync();

            AssertTalk(atClient, atServer);
        }
    }

    [Test]
    public async Task Connect_1000Revocable_NothingLeaks()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        var ledger = new DescriptorLedger();
        for (int i = 0; i < 1000; i++)
        {
            (Connection atClient, Connection atServer) = await ConnectAsync(listener);
            using (atServer)
            using (atClient)
            {
                if (i % 2 == 0)
                {
                    await Root.RevokeConnectionAsync(IdOf(atClient)).Soon();
                }
            }
        }

        ledger.AssertBalanced();
        Assert.That(await ConnectionsAsync(), Is.Empty);
    }

    private static ulong IdOf(Connection connection) =>
        ulong.Parse(connection.Labels["flower.connection_id"]!, CultureInfo.InvariantCulture);

    private static void AssertEnds(Socket socket)
    {
        socket.ReceiveTimeout = 10_000;
        Assert.That(socket.Receive(new byte[100]), Is.Zero);
    }

    private static (Socket Outside, Socket Inside) Tcp()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var outside = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        outside.Connect(listener.LocalEndPoint!);
        return (outside, listener.Accept());
    }

    private async Task<(Connection AtClient, Connection AtServer)> ConnectAsync(Listener listener)
    {
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"), Revocable);
        Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        return (await connecting.Soon(), atServer);
    }

    private Task<List<ConnectionInfo>> ConnectionsAsync() => Root.RevocableConnectionsAsync().ToListAsync().AsTask().Soon();

    private void AssertLetGo() =>
        Waiting.Until(() => ConnectionsAsync().Result.Count == 0, "the switchboard still holds it");
}
