// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>What users see when the switchboard comes back with their sessions after a crash.</summary>
internal sealed class RestartedTests : AwayFixture
{
    [Test]
    public async Task Listener_Survives_OffersAreVoidAndTheNextIsServed()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        (Listener listener, uint id) = await ListenAsync(handle, session);
        await using IAsyncEnumerator<IncomingConnection> connections = listener.GetAsyncEnumerator();
        using Descriptor taken = Offer(session, id, 1);
        using Descriptor unanswered = Offer(session, id, 2);
        OfferLabels(session, id, 3);
        using Descriptor unseen = Offer(session, id, 4);
        using Connection lives = await (await NextAsync(connections)).AcceptAsync().Soon();
        IncomingConnection open = await NextAsync(connections);
        Task<Connection> undelivered = (await NextAsync(connections)).AcceptAsync();
        Assert.That(NextAnswer(session, id).ConnectionId, Is.EqualTo(1));
        Assert.That(NextAnswer(session, id).ConnectionId, Is.EqualTo(3));

        session.Send(ScriptedSwitchboard.Restarted(id));

        Assert.That(ScriptedSwitchboard.ExpectAcknowledgement(session), Is.EqualTo(new[] { id }));
        Assert.That((await Refused(undelivered)).StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Waiting.Until(() => UnixSocket.IsHungUp(unanswered), "a void socket is still open");
        Waiting.Until(() => UnixSocket.IsHungUp(unseen), "a void socket that nobody saw is still open");
        FlowerException e = await Refused(open.AcceptAsync());
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("restarted"));
        await open.DisposeAsync();
        Assert.That(UnixSocket.IsHungUp(taken), Is.False);

        // The same number again, now of another connection.
        using Descriptor fresh = Offer(session, id, 2);
        using Connection served = await (await NextAsync(connections)).AcceptAsync().Soon();
        Answer answer = NextAnswer(session, id);
        Assert.That(answer, Is.EqualTo(new Answer { ConnectionId = 2, Accept = new(), Credit = 1 }));
        // No credit for what is void.
        await EndAsync(listener, session, id);
    }

    [Test]
    public async Task Listener_StreamNotNamed_IsRegisteredAgainOnTheSession()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        (Listener listener, uint id) = await ListenAsync(handle, session);
        await using IAsyncEnumerator<IncomingConnection> connections = listener.GetAsyncEnumerator();
        Task<IncomingConnection> next = NextAsync(connections);

        session.Send(ScriptedSwitchboard.Restarted());

        Assert.That(ScriptedSwitchboard.ExpectAcknowledgement(session), Is.Empty);
        uint again = Register(session);
        Assert.That(again, Is.Not.EqualTo(id));
        using Descriptor client = Offer(session, again, 1);
        using Connection connection = await (await next.Soon()).AcceptAsync().Soon();
        Assert.That(NextAnswer(session, again).Credit, Is.EqualTo(1));
        await EndAsync(listener, session, again);
    }

    [Test]
    public async Task Listener_RegisteredAgain_SaysWhatItSaidLast()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        (Listener listener, uint id) = await ListenAsync(handle, session);
        await listener.UpdateAsync(weight: 5, draining: true).Soon();
        Assert.That(
            ScriptedSwitchboard.ExpectMessage<ServerStartRequest>(session, id).Update,
            Is.EqualTo(new TargetUpdate { Weight = 5, Draining = true, OpenConnections = 0 }));

        session.Send(ScriptedSwitchboard.Restarted());

        ScriptedSwitchboard.ExpectAcknowledgement(session);
        (uint again, ServerStartRequest request) = ScriptedSwitchboard.Expect<ServerStartRequest>(session, "ServerStart");
        Assert.That(
            request.Start.State, Is.EqualTo(new TargetUpdate { Weight = 5, Draining = true, OpenConnections = 0 }));
        session.Send(RawSession.Message(again, new ServerStartResponse
        {
            Started = new() { Labels = { new Label { Key = "a", Value = "again" } } },
        }));
        Waiting.Until(() => listener.Labels["a"] == "again", "it is not registered again");
        await EndAsync(listener, session, again);
    }

    [Test]
    public async Task Listener_ConnectionsCloseWhenItHasEnded_NothingIsSaidAfterTheEnd()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        (Listener listener, uint id) = await ListenAsync(handle, session);
        IDisposable open = listener.CountConnection();
        IDisposable other = listener.CountConnection();
        await listener.UpdateAsync().Soon();

        Task disposing = listener.DisposeAsync().AsTask();
        while (session.Next()!.KindCase == Frame.KindOneofCase.Message)
        {
        }

        open.Dispose();
        await listener.UpdateAsync(weight: 3).Soon();
        other.Dispose();
        Assert.That(session.IsQuiet, Is.True);
        session.Send(ScriptedSwitchboard.Status(id, StatusCode.OK));
        await disposing.Soon();
        await listener.UpdateAsync(weight: 4).Soon();
        Assert.That(session.IsQuiet, Is.True);
    }

    [Test]
    public async Task Listener_ManyConnectionsAtOnce_FewUpdatesTheLastOfWhichIsTrue()
    {
        const int count = 10_000;
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        (Listener listener, uint id) = await ListenAsync(handle, session);

        for (int i = 0; i < count; i++)
        {
            listener.CountConnection();
        }

        int updates = 1;
        while (ScriptedSwitchboard.ExpectMessage<ServerStartRequest>(session, id).Update.OpenConnections != count)
        {
            updates++;
        }

        Assert.That(updates, Is.LessThan(count / 10));
        await EndAsync(listener, session, id);
    }

    [Test]
    public async Task Listener_RefusedAgain_EnumerationEndsWithIt()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        (Listener listener, _) = await ListenAsync(handle, session);
        await using IAsyncEnumerator<IncomingConnection> connections = listener.GetAsyncEnumerator();

        session.Send(ScriptedSwitchboard.Restarted());
        ScriptedSwitchboard.ExpectAcknowledgement(session);
        (uint id, _) = ScriptedSwitchboard.Expect<ServerStartRequest>(session, "ServerStart");
        session.Send(ScriptedSwitchboard.Status(id, StatusCode.FailedPrecondition, "taken"));

        FlowerException e = await Refused(connections.MoveNextAsync().AsTask());
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(e.Message, Is.EqualTo("taken"));
        await listener.DisposeAsync();
    }

    [Test]
    public async Task Egress_Survives_RequestsAreVoidAndTheNextIsAnswered()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        Task<Client.Egress> starting = handle.StartEgressAsync(Some, new() { FixedDestination = true });
        (uint id, _) = ScriptedSwitchboard.Expect<EgressStartRequest>(session, "EgressStart");
        session.Send(RawSession.Message(id, new EgressStartResponse { Started = new() }));
        Client.Egress egress = await starting.Soon();
        await using IAsyncEnumerator<EgressRequest> requests = egress.GetAsyncEnumerator();
        session.Send(RawSession.Message(id, new EgressStartResponse { Offer = new() { ConnectionId = 1 } }));
        Assert.That(await requests.MoveNextAsync().AsTask().Soon(), Is.True);
        EgressRequest request = requests.Current;
        var cancelled = new TaskCompletionSource();
        using CancellationTokenRegistration registration = request.Cancelled.Register(cancelled.SetResult);

        session.Send(ScriptedSwitchboard.Restarted(id));

        await cancelled.Task.Soon();
        Assert.That(ScriptedSwitchboard.ExpectAcknowledgement(session), Is.EqualTo(new[] { id }));
        session.Send(RawSession.Message(id, new EgressStartResponse { Offer = new() { ConnectionId = 1 } }));
        Assert.That(await requests.MoveNextAsync().AsTask().Soon(), Is.True);
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using (kept)
        {
            FlowerException e = await Refused(request.ConnectedDescriptorAsync(given));
            Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
            Assert.That(UnixSocket.IsHungUp(kept), Is.True);
        }

        await requests.Current.FailAsync("no").Soon();
        Answer answer = ScriptedSwitchboard.ExpectMessage<EgressStartRequest>(session, id).Answer;
        Assert.That(answer.Reject.Reason, Is.EqualTo("no"));
        Assert.That(session.IsQuiet, Is.True);
        Task disposing = egress.DisposeAsync().AsTask();
        Assert.That(session.Next()!.HalfClose, Is.Not.Null);
        session.Send(ScriptedSwitchboard.Status(id, StatusCode.OK));
        await disposing.Soon();
    }

    [Test]
    public async Task Calls_Restarted_ConnectIsMadeAgainAndAPushNever()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        Task<Connection> connecting = handle.ConnectAsync(Some);
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using Descriptor held = kept;
        ScriptedSwitchboard.Expect<ClientConnectRequest>(session, "ClientConnect");
        Assert.That(session.Next()!.HalfClose, Is.Not.Null);
        Task<ConnectionLabels> pushing = handle.PushDescriptorAsync(given, Some);
        ScriptedSwitchboard.Expect<IngressConnectRequest>(session, "IngressConnect");
        Assert.That(session.Next()!.HalfClose, Is.Not.Null);

        session.Send(ScriptedSwitchboard.Restarted());

        FlowerException e = await Refused(pushing);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("not pushed again"));
        Waiting.Until(() => UnixSocket.IsHungUp(kept), "the pushed socket is still open");
        Assert.That(ScriptedSwitchboard.ExpectAcknowledgement(session), Is.Empty);
        AnswerConnect(session);
        (await connecting.Soon()).Dispose();
        Assert.That(session.IsQuiet, Is.True);
    }

    [Test]
    public async Task Connect_TargetRejects_IsNotMadeAgain()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        Task<Connection> connecting = handle.ConnectAsync(Some);
        (uint id, _) = ScriptedSwitchboard.Expect<ClientConnectRequest>(session, "ClientConnect");
        Assert.That(session.Next()!.HalfClose, Is.Not.Null);

        session.Send(ScriptedSwitchboard.Status(id, StatusCode.Unavailable, "rejected"));

        Assert.That((await Refused(connecting)).Message, Is.EqualTo("rejected"));
        Assert.That(session.IsQuiet, Is.True);
    }

    [Test]
    public async Task List_Restarted_IsMadeAgainUnlessItHasBroughtSomething()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        await using IAsyncEnumerator<TargetInfo> targets = handle.ListAsync(Some).GetAsyncEnumerator();
        Task<bool> first = targets.MoveNextAsync().AsTask();
        ScriptedSwitchboard.Expect<ListRequest>(session, "List");
        Assert.That(session.Next()!.HalfClose, Is.Not.Null);

        session.Send(ScriptedSwitchboard.Restarted());
        ScriptedSwitchboard.ExpectAcknowledgement(session);
        (uint id, _) = ScriptedSwitchboard.Expect<ListRequest>(session, "List");
        Assert.That(session.Next()!.HalfClose, Is.Not.Null);
        session.Send(RawSession.Message(id, new ListResponse { Targets = { new Target { Kind = TargetKind.Server } } }));
        Assert.That(await first.Soon(), Is.True);
        Task<bool> second = targets.MoveNextAsync().AsTask();
        session.Send(ScriptedSwitchboard.Restarted());

        FlowerException e = await Refused(second);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("not complete"));
    }

    [Test]
    public async Task Connect_LostAgainAndAgain_IsGivenUp()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        Task<Connection> connecting = handle.ConnectAsync(Some);
        int made = 0;
        while (!connecting.IsCompleted)
        {
            ScriptedSwitchboard.Expect<ClientConnectRequest>(session, "ClientConnect");
            Assert.That(session.Next()!.HalfClose, Is.Not.Null);
            made++;
            session.Send(ScriptedSwitchboard.Restarted());
            ScriptedSwitchboard.ExpectAcknowledgement(session);
            Waiting.Until(() => connecting.IsCompleted || !session.IsQuiet, "neither again nor given up");
        }

        Assert.That((await Refused(connecting)).Message, Does.Contain("restarted"));
        Assert.That(made, Is.EqualTo(9));
    }

    // Between them, how many connections it has.
    private static Answer NextAnswer(RawSession session, uint id)
    {
        ServerStartRequest request;
        while ((request = ScriptedSwitchboard.ExpectMessage<ServerStartRequest>(session, id)).Update is not null)
        {
        }

        return request.Answer;
    }

    // In order: the switchboard lets it go. Nothing is answered before.
    private static async Task EndAsync(Listener listener, RawSession session, uint id)
    {
        Task disposing = listener.DisposeAsync().AsTask();
        Frame frame;
        while ((frame = session.Next()!).KindCase == Frame.KindOneofCase.Message)
        {
            Assert.That(ServerStartRequest.Parser.ParseFrom(frame.Message).Update, Is.Not.Null);
        }

        Assert.That(frame.HalfClose, Is.Not.Null);
        session.Send(ScriptedSwitchboard.Status(id, StatusCode.OK));
        await disposing.Soon();
    }
}
