// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Core;
using NUnit.Framework;
using Contract = Flower.Protocol.V1.Switchboard;
using Registering = Grpc.Core.AsyncDuplexStreamingCall<
    Flower.Protocol.V1.ServerStartRequest, Flower.Protocol.V1.ServerStartResponse>;

namespace Flower.Tests.Rpc;

/// <summary>A session when the switchboard comes back with it after a crash, which is played by the test.</summary>
internal sealed class RestartedTests : ScriptedFixture
{
    private Contract.SwitchboardClient _stub = null!;

    [SetUp]
    public void MakeStub() => _stub = new(Channel.CreateCallInvoker());

    [Test]
    public async Task Hello_ByPath_IsSaidBeforeTheFirstRegistrationOnly()
    {
        Task<ClientConnectResponse> connecting = _stub.ClientConnectAsync(new()).ResponseAsync;
        Assert.That(Peer.Next()!.Start, Is.Not.Null);
        Assert.That(Peer.Next()!.Message, Is.Not.Null);
        Assert.That(Peer.Next()!.HalfClose, Is.Not.Null);

        using Registering first = _stub.ServerStart();
        using Registering second = _stub.ServerStart();

        Frame hello = Peer.Next()!;
        Assert.That(hello.CallId, Is.Zero);
        Assert.That(hello.Hello?.Features, Is.EqualTo(new[] { "restarted" }));
        Assert.That(hello.Hello?.Version, Is.EqualTo(PacketLimits.Version));
        Assert.That(Peer.InPacket, Is.EqualTo(1), "in the packet of the first call");
        Assert.That(Peer.Next()!.Start, Is.Not.Null);
        Assert.That(Peer.Next()!.Start, Is.Not.Null);
        Peer.Send(new Frame { Hello = new() { Version = 1 } });
        Assert.That(connecting.IsCompleted, Is.False);
        await Channel.DisposeAsync();
        await connecting.Failure();
    }

    [Test]
    public async Task Hello_ThroughADescriptor_IsInTheFirstPacket()
    {
        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        using (ours)
        using (theirs)
        {
            await using SessionChannel channel = SessionChannel.OpenShared(theirs);
            Assert.That(UnixSocket.Receive(ours, new byte[1024], out ReceivedPacket opened), Is.Zero);
            using Descriptor replyTo = opened.Descriptors!.Single();
            using RawSession peer = RawSession.AnswerOpen(replyTo);
            opened.PidFd?.Dispose();

            Task<ClientConnectResponse> connecting =
                new Contract.SwitchboardClient(channel.CreateCallInvoker()).ClientConnectAsync(new()).ResponseAsync;

            Assert.That(peer.Next()!.Hello?.Features, Is.EqualTo(new[] { "restarted" }));
            Assert.That(peer.InPacket, Is.EqualTo(3), "with the call");
            await channel.DisposeAsync();
            await connecting.Failure();
        }
    }

    [Test]
    public async Task Restarted_StreamNamed_BeginsAnewAndTheOthersFail()
    {
        using Registering call = await RegisterAsync();
        uint id = 1;
        Task<ClientConnectResponse> connecting = _stub.ClientConnectAsync(new()).ResponseAsync;
        Drain(3);
        for (int i = 1; i < PacketLimits.InitialCredit; i++)
        {
            await AnswerAsync(call, 0).Soon();
        }

        Task waiting = AnswerAsync(call, 0);
        Assert.That(waiting.IsCompleted, Is.False, "without credit");
        Drain(PacketLimits.InitialCredit - 1);

        Peer.Send(ScriptedSwitchboard.Restarted(7, id));

        AssertRestarted(await connecting.Failure());
        AssertRestarted(await waiting.Failure());
        Assert.That(ScriptedSwitchboard.ExpectAcknowledgement(Peer), Is.EqualTo(new[] { id }));
        Assert.That(await call.ResponseStream.MoveNext(default).Soon(), Is.True);
        Assert.That(Surviving(call).IsAtRestart, Is.True);
        Assert.That(Surviving(call).Epoch, Is.EqualTo(1));
        AssertRestarted(await AnswerAsync(call, 0).Failure());
        for (int i = 0; i < PacketLimits.InitialCredit; i++)
        {
            await AnswerAsync(call, 1).Soon();
        }

        waiting = AnswerAsync(call, 1);
        Assert.That(waiting.IsCompleted, Is.False, "without credit");
        Drain(PacketLimits.InitialCredit);
        Assert.That(Peer.IsQuiet, Is.True);
        Peer.Send(new Frame { CallId = id, Credit = new() { Messages = 1 } });
        await waiting.Soon();
    }

    [Test]
    public async Task Restarted_MessagesReadBefore_CountNoMore()
    {
        using Registering call = await RegisterAsync();

        // One less than what is granted again; the first response is among them.
        const int Unread = (PacketLimits.InitialCredit / 2) - 2;
        Peer.Send([.. Enumerable.Range(0, Unread).Select(_ => RawSession.Message(1, new ServerStartResponse()))]);
        Peer.Send(ScriptedSwitchboard.Restarted(1));
        Peer.Send([.. Enumerable.Range(0, PacketLimits.InitialCredit).Select(
            _ => RawSession.Message(1, new ServerStartResponse { Withdrawal = new() }))]);

        for (int i = 0; i < Unread; i++)
        {
            Assert.That(await call.ResponseStream.MoveNext(default).Soon(), Is.True);
            Assert.That(Surviving(call).Epoch, Is.Zero);
        }

        Assert.That(await call.ResponseStream.MoveNext(default).Soon(), Is.True);
        Assert.That(Surviving(call).IsAtRestart, Is.True, "in order with the messages");
        Assert.That(ScriptedSwitchboard.ExpectAcknowledgement(Peer), Has.Length.EqualTo(1));
        for (int i = 0; i < PacketLimits.InitialCredit; i++)
        {
            Assert.That(await call.ResponseStream.MoveNext(default).Soon(), Is.True);
            Assert.That(call.ResponseStream.Current.Withdrawal, Is.Not.Null);
        }

        Assert.That(Peer.Next()!.Credit?.Messages, Is.EqualTo(PacketLimits.InitialCredit / 2));
        Assert.That(Peer.Next()!.Credit?.Messages, Is.EqualTo(PacketLimits.InitialCredit / 2));
        Assert.That(Peer.IsQuiet, Is.True);
    }

    [Test]
    public async Task Restarted_StreamNotNamed_FailsAndTheSessionGoesOn()
    {
        using Registering call = await RegisterAsync();

        Peer.Send(ScriptedSwitchboard.Restarted());

        AssertRestarted(await call.ResponseStream.MoveNext(default).Failure());
        Assert.That(ScriptedSwitchboard.ExpectAcknowledgement(Peer), Is.Empty);
        Task<ClientConnectResponse> connecting = _stub.ClientConnectAsync(new()).ResponseAsync;
        (uint id, _) = ScriptedSwitchboard.Expect<ClientConnectRequest>(Peer, "ClientConnect");
        Peer.Send(
            RawSession.Message(id, new ClientConnectResponse()), ScriptedSwitchboard.Status(id, StatusCode.OK));
        await connecting.Soon();
        Assert.That(Channel.Closed.IsCompleted, Is.False);
    }

    [Test]
    public async Task Restarted_StreamsThatEndedHere_AreLeftOut()
    {
        using Registering kept = await RegisterAsync();
        Registering cancelled = await RegisterAsync();
        using Registering halfClosed = await RegisterAsync();
        using Registering unanswered = _stub.ServerStart();
        Drain(1);
        cancelled.Dispose();
        await halfClosed.RequestStream.CompleteAsync();
        Assert.That(Peer.Next()!.Cancel, Is.Not.Null);
        Assert.That(Peer.Next()!.HalfClose, Is.Not.Null);

        Peer.Send(ScriptedSwitchboard.Restarted(1, 2, 3, 4, 5));

        Assert.That(ScriptedSwitchboard.ExpectAcknowledgement(Peer), Is.EqualTo(new uint[] { 1 }));
        AssertRestarted(await halfClosed.ResponseStream.MoveNext(default).Failure());
        AssertRestarted(await unanswered.ResponseStream.MoveNext(default).Failure());
        Assert.That(await kept.ResponseStream.MoveNext(default).Soon(), Is.True);
    }

    [Test]
    public async Task Restarted_Twice_EachIsAcknowledged()
    {
        using Registering call = await RegisterAsync();

        Peer.Send(ScriptedSwitchboard.Restarted(1));
        Assert.That(ScriptedSwitchboard.ExpectAcknowledgement(Peer), Is.EqualTo(new uint[] { 1 }));
        Peer.Send(ScriptedSwitchboard.Restarted(1));
        Assert.That(ScriptedSwitchboard.ExpectAcknowledgement(Peer), Is.EqualTo(new uint[] { 1 }));

        Assert.That(await call.ResponseStream.MoveNext(default).Soon(), Is.True);
        Assert.That(await call.ResponseStream.MoveNext(default).Soon(), Is.True);
        Assert.That(Surviving(call).Epoch, Is.EqualTo(2));
    }

    [Test]
    public async Task Restarted_WhatWasQueued_IsDroppedAndClosed()
    {
        // Nobody reads, as while the switchboard is away: what does not fit into the socket stays here.
        var large = new Labels { Labels_ = { new Label { Key = "k", Value = new string('x', 4096) } } };
        var calls = new List<Task<ClientConnectResponse>>();
        for (int i = 0; i < 1000; i++)
        {
            calls.Add(_stub.ClientConnectAsync(new() { Labels = large }).ResponseAsync);
        }

        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        Task<IngressConnectResponse> pushing =
            _stub.IngressConnectAsync(new() { Socket = FileDescriptor.Adopt(given) }).ResponseAsync;

        Peer.Send(ScriptedSwitchboard.Restarted());

        AssertRestarted(await pushing.Failure());
        foreach (Task<ClientConnectResponse> call in calls)
        {
            AssertRestarted(await call.Failure());
        }

        using (kept)
        {
            Waiting.Until(() => UnixSocket.IsHungUp(kept), "the queued descriptor is still open");
        }

        Task<ClientConnectResponse> again = _stub.ClientConnectAsync(new()).ResponseAsync;
        int before = 0;
        Frame frame;
        while ((frame = Peer.Next()!).KindCase != Frame.KindOneofCase.Restarted)
        {
            before += frame.KindCase == Frame.KindOneofCase.Start ? 1 : 0;
        }

        Assert.That(before, Is.InRange(1, 900));
        (uint id, _) = ScriptedSwitchboard.Expect<ClientConnectRequest>(Peer, "ClientConnect");
        Assert.That(id, Is.EqualTo(1002));
        Peer.Send(ScriptedSwitchboard.Status(id, StatusCode.NotFound));
        Assert.That((await again.Failure()).StatusCode, Is.EqualTo(StatusCode.NotFound));
    }

    [Test]
    public async Task End_EachWay_HasItsCause()
    {
        Task<ClientConnectResponse> call = _stub.ClientConnectAsync(new()).ResponseAsync;

        Peer.Send(ScriptedSwitchboard.Status(0, StatusCode.PermissionDenied, "revoked"));

        RpcException e = await call.Failure();
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(e.Status.Detail, Is.EqualTo("revoked"));
        Assert.That(Loss(e).Kind, Is.EqualTo(SessionLoss.Refused));
        Assert.That(Loss(e).StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(
            Loss(await _stub.ClientConnectAsync(new()).Failure()).Kind, Is.EqualTo(SessionLoss.Refused), "and after it");
    }

    [Test]
    public async Task End_StoppingOrClosed_IsGone()
    {
        Task<ClientConnectResponse> call = _stub.ClientConnectAsync(new()).ResponseAsync;
        await using SessionChannel second = SessionChannel.ConnectPath(Board.SocketPath);
        using RawSession peer = Board.Accept();
        Task<ClientConnectResponse> other =
            new Contract.SwitchboardClient(second.CreateCallInvoker()).ClientConnectAsync(new()).ResponseAsync;
        var ended = new TaskCompletionSource<SessionLossException>();
        second.OnEnd(ended.SetResult);

        Peer.Dispose();
        peer.Send(ScriptedSwitchboard.Status(0, StatusCode.Unavailable, "the switchboard is stopping"));

        Assert.That(Loss(await call.Failure()).Kind, Is.EqualTo(SessionLoss.Gone));
        Assert.That(Loss(await other.Failure()).Kind, Is.EqualTo(SessionLoss.Gone));
        Assert.That(await ended.Task.Soon(), Is.SameAs(Loss(await other.Failure())));
    }

    // Registered: the start and its answer are through.
    private async Task<Registering> RegisterAsync()
    {
        Registering call = _stub.ServerStart();
        await call.RequestStream.WriteAsync(new() { Start = new() }).Soon();
        (uint id, _) = ScriptedSwitchboard.Expect<ServerStartRequest>(Peer, "ServerStart");
        Peer.Send(RawSession.Message(id, new ServerStartResponse { Started = new() }));
        Assert.That(await call.ResponseStream.MoveNext(default).Soon(), Is.True);
        Surviving(call).Survive();
        return call;
    }

    private static Task AnswerAsync(Registering call, int epoch) =>
        Surviving(call).WriteAsync(new() { Answer = new() { Accept = new() } }, epoch, CancellationToken.None);

    private void Drain(int frames)
    {
        for (int i = 0; i < frames; i++)
        {
            Assert.That(Peer.Next(), Is.Not.Null);
        }
    }

    private static SessionLossException Loss(RpcException e) => (SessionLossException)e.Status.DebugException!;

    private static void AssertRestarted(RpcException e)
    {
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(Loss(e).Kind, Is.EqualTo(SessionLoss.Restarted));
    }
}
