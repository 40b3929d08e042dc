// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using Flower.Client;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>A handle whose switchboard went away: who waits, for how long, and what is made again.</summary>
internal sealed class ReconnectTests : AwayFixture
{
    private static HandleOptions Patient { get; } = new() { Reconnect = Timeout.InfiniteTimeSpan };

    [Test]
    public void Backoff_ManyTries_BoundedAndRandom()
    {
        var backoff = new Backoff();
        TimeSpan full = TimeSpan.FromMilliseconds(50);
        var waits = new HashSet<TimeSpan>();
        for (int i = 0; i < 20; i++)
        {
            TimeSpan wait = backoff.Next();
            Assert.That(wait, Is.InRange(full / 2, full));
            waits.Add(wait);
            full = full * 2 < Backoff.Longest ? full * 2 : Backoff.Longest;
        }

        Assert.That(full, Is.EqualTo(TimeSpan.FromSeconds(5)));
        Assert.That(waits, Has.Count.GreaterThan(15));
        backoff.Reset();
        Assert.That(backoff.Next(), Is.AtMost(TimeSpan.FromMilliseconds(50)));
    }

    [Test]
    public async Task Crash_CallsAndServers_GoOnOnTheNextSession()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        (Listener listener, uint id) = await ListenAsync(handle, session);
        await using IAsyncEnumerator<IncomingConnection> connections = listener.GetAsyncEnumerator();
        using Descriptor client = Offer(session, id, 1);
        IncomingConnection open = await NextAsync(connections);
        Task<Connection> connecting = handle.ConnectAsync(Some);
        ScriptedSwitchboard.Expect<ClientConnectRequest>(session, "ClientConnect");

        Board.Crash(session);

        Waiting.Until(() => UnixSocket.IsHungUp(client), "the void socket is still open");
        Assert.That((await Refused(open.AcceptAsync())).StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Task<IncomingConnection> next = NextAsync(connections);
        Assert.That(next.IsCompleted || connecting.IsCompleted || handle.Closed.IsCompleted, Is.False);
        Board.StartAgain();
        RawSession again = Accept();
        uint renewed = 0;
        AnswerInAnyOrder(again, connect => AnswerConnect(again, connect), start => renewed = start);
        (await connecting.Soon()).Dispose();
        using Descriptor another = Offer(again, renewed, 1);
        using Connection connection = await (await next.Soon()).AcceptAsync().Soon();
        await handle.DisposeAsync();
        await handle.Closed.Soon();
        Assert.That(handle.Failure, Is.Null);
        await listener.DisposeAsync();
    }

    [Test]
    public async Task Crash_DuringAPush_IsDeliveredOnceAtMost()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using Descriptor held = kept;
        Task<ConnectionLabels> pushing = handle.PushDescriptorAsync(given, Some);
        ScriptedSwitchboard.Expect<IngressConnectRequest>(session, "IngressConnect");

        Board.Crash(session);

        Assert.That((await Refused(pushing)).Message, Does.Contain("not pushed again"));
        Assert.That(UnixSocket.IsHungUp(kept), Is.True);
        Board.StartAgain();
        RawSession again = Accept();
        Task<Connection> connecting = handle.ConnectAsync(Some);
        AnswerConnect(again);
        (await connecting.Soon()).Dispose();
        Assert.That(again.IsQuiet, Is.True);
    }

    [Test]
    public async Task Crash_DuringARevoke_IsNotAskedAgain()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        Task<RevokeResult> revoking = handle.RevokeAsync(7);
        ScriptedSwitchboard.Expect<RevokeRequest>(session, "Revoke");

        Board.Crash(session);

        FlowerException e = await Refused(revoking);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("flower handles"));
        Board.StartAgain();
        RawSession again = Accept();
        Task<Connection> connecting = handle.ConnectAsync(Some);
        AnswerConnect(again);
        (await connecting.Soon()).Dispose();
    }

    [Test]
    public async Task Push_WhileAway_WaitsAndIsPushedOnce()
    {
        (Handle handle, RawSession session) = await OpenAsync();
        await using Handle owned = handle;
        await LoseAsync(handle, session);
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using Descriptor held = kept;
        Task<ConnectionLabels> pushing = handle.PushDescriptorAsync(given, Some);
        Assert.That(pushing.IsCompleted, Is.False);

        Board.StartAgain();

        RawSession again = Accept();
        (uint id, _) = ScriptedSwitchboard.Expect<IngressConnectRequest>(again, "IngressConnect");
        again.Send(
            RawSession.Message(id, new IngressConnectResponse()), ScriptedSwitchboard.Status(id, StatusCode.OK));
        await pushing.Soon();
        Assert.That(again.Next()!.HalfClose, Is.Not.Null);
        Assert.That(again.IsQuiet, Is.True);
    }

    [Test]
    public async Task Away_CancelledOrTooLate_EndsAtOnce()
    {
        (Handle handle, RawSession session) = await OpenAsync(Patient);
        await using Handle owned = handle;
        await LoseAsync(handle, session);
        using var cancel = new CancellationTokenSource();
        Task<Connection> cancelled = handle.ConnectAsync(Some, cancellationToken: cancel.Token);
        Task<Listener> listening = handle.ListenAsync(Some, cancellationToken: cancel.Token);
        Task<Connection> late = handle.ConnectAsync(Some, new() { Timeout = TimeSpan.FromMilliseconds(50) });
        var clock = Stopwatch.StartNew();

        await cancel.CancelAsync();

        await Assert.ThrowsAsync(Is.InstanceOf<OperationCanceledException>(), () => cancelled.Soon());
        await Assert.ThrowsAsync(Is.InstanceOf<OperationCanceledException>(), () => listening.Soon());
        FlowerException e = await Refused(late);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        Assert.That(e.Message, Does.Contain("did not come back in time"));
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(5)));
        Task<Connection> waiting = handle.ConnectAsync(Some);
        await handle.DisposeAsync();
        Assert.That((await Refused(waiting)).Message, Is.EqualTo("the handle was closed"));
    }

    [Test]
    public async Task Away_LongerThanTheLimit_GivesUpForGood()
    {
        (Handle handle, RawSession session) = await OpenAsync(
            new() { Reconnect = TimeSpan.FromMilliseconds(300) });
        await using Handle owned = handle;
        (Listener listener, _) = await ListenAsync(handle, session);
        await using IAsyncEnumerator<IncomingConnection> connections = listener.GetAsyncEnumerator();
        var clock = Stopwatch.StartNew();

        Board.Crash(session);

        FlowerException call = await Refused(handle.ConnectAsync(Some));
        FlowerException enumeration = await Refused(connections.MoveNextAsync().AsTask());
        await handle.Closed.Soon();
        Assert.That(clock.Elapsed, Is.GreaterThan(TimeSpan.FromMilliseconds(250)));
        foreach (FlowerException e in new[] { call, enumeration, handle.Failure! })
        {
            Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
            Assert.That(e.Message, Does.Contain(Board.SocketPath).And.Contain("did not come back"));
        }

        Board.StartAgain();
        Assert.That((await Refused(handle.ConnectAsync(Some))).Message, Is.EqualTo(call.Message));
        Assert.That(Board.IsQuiet, Is.True);
        await listener.DisposeAsync();
    }

    [Test]
    public async Task Away_ReconnectIsZero_EndsAtOnce()
    {
        (Handle handle, RawSession session) = await OpenAsync(new() { Reconnect = TimeSpan.Zero });
        await using Handle owned = handle;

        session.Dispose();

        await handle.Closed.Soon();
        Assert.That(handle.Failure?.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(Board.IsQuiet, Is.True);
    }

    [Test]
    public async Task Open_NoSwitchboard_IsToldAtOnce()
    {
        Board.Crash();

        FlowerException e = await Refused(Handle.OpenAsync(Board.SocketPath, Patient));

        Assert.That(e.Message, Does.Contain("start one with: flower switchboard"));
    }

    [TestCase(StatusCode.PermissionDenied)]
    [TestCase(StatusCode.ResourceExhausted)]
    [TestCase(StatusCode.InvalidArgument)]
    public async Task Refused_Session_IsNotOpenedAgain(StatusCode code)
    {
        (Handle handle, RawSession session) = await OpenAsync(Patient);
        await using Handle owned = handle;
        (Listener listener, _) = await ListenAsync(handle, session);
        Task<Connection> connecting = handle.ConnectAsync(Some);

        session.Send(ScriptedSwitchboard.Status(0, code, "the reason"));

        await handle.Closed.Soon();
        await using IAsyncEnumerator<IncomingConnection> connections = listener.GetAsyncEnumerator();
        FlowerException[] failures =
        [
            await Refused(connecting), await Refused(connections.MoveNextAsync().AsTask()),
            await Refused(handle.ConnectAsync(Some)), handle.Failure!,
        ];
        Assert.That(failures.Select(e => e.StatusCode), Has.All.EqualTo(code));
        Assert.That(failures.Select(e => e.Message), Has.All.EqualTo("the reason"));
        Assert.That(Board.IsQuiet, Is.True);
        await listener.DisposeAsync();
    }

    [Test]
    public async Task Drops_EverySession_IsTriedEverLessOften()
    {
        (Handle handle, RawSession session) = await OpenAsync(new() { Reconnect = TimeSpan.FromSeconds(1) });
        await using Handle owned = handle;
        int sessions = 1;
        session.Dispose();
        while (!handle.Closed.IsCompleted)
        {
            Waiting.Until(() => handle.Closed.IsCompleted || !Board.IsQuiet, "neither tried again nor given up");
            if (!Board.IsQuiet)
            {
                Accept().Dispose();
                sessions++;
            }
        }

        // 50, 100, 200, 400 and 800 ms, each at least the half of it, in one second.
        Assert.That(sessions, Is.InRange(3, 9));
    }

    [Test]
    public async Task Listener_DisposedWhileAway_EndsAtOnce()
    {
        (Handle handle, RawSession session) = await OpenAsync(Patient);
        await using Handle owned = handle;
        (Listener listener, _) = await ListenAsync(handle, session);
        await LoseAsync(handle, session);

        await listener.DisposeAsync().AsTask().Soon();

        await using IAsyncEnumerator<IncomingConnection> connections = listener.GetAsyncEnumerator();
        Assert.That(await connections.MoveNextAsync().AsTask().Soon(), Is.False);
    }

    [Test]
    public async Task Observer_HearsOfLossAndReturnInOrder()
    {
        var events = new System.Collections.Concurrent.ConcurrentQueue<HandleEvent>();
        (Handle handle, RawSession session) = await OpenAsync(Patient with { Observer = events.Enqueue });
        await using Handle owned = handle;
        Board.Crash(session);
        Waiting.Until(() => events.Contains(HandleEvent.Lost), "the loss was not told");
        Assert.That(events, Is.EqualTo(new[] { HandleEvent.Lost }));

        Board.StartAgain();
        Accept();

        Waiting.Until(() => events.Count == 2, "the return was not told");
        Assert.That(events, Is.EqualTo(new[] { HandleEvent.Lost, HandleEvent.Back }));
    }

    [Test]
    public async Task Observer_Throws_EndsTheHandle()
    {
        (Handle handle, RawSession session) = await OpenAsync(
            Patient with { Observer = _ => throw new InvalidOperationException("oh") });
        await using Handle owned = handle;

        Board.Crash(session);

        Assert.That((await Refused(handle.ConnectAsync(Some))).Message, Does.Contain("observer").And.Contain("oh"));
    }

    [Test]
    public async Task Inherited_DescriptorStillLeads_IsOpenedAgainThroughIt()
    {
        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        using Descriptor held = theirs;
        await using Handle handle = await Handle.OpenAsync($"fd:{(int)theirs.DangerousGetHandle()}");
        TakeOpened(ours).Dispose();

        using RawSession again = TakeOpened(ours);
        Task<Connection> connecting = handle.ConnectAsync(Some);
        AnswerConnect(again);

        (await connecting.Soon()).Dispose();
        ours.Dispose();
    }

    [Test]
    public async Task Inherited_SwitchboardGone_SaysToStartAgain()
    {
        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        using Descriptor held = theirs;
        await using Handle handle = await Handle.OpenAsync(
            $"fd:{(int)theirs.DangerousGetHandle()}", Patient);
        RawSession session = TakeOpened(ours);
        Task<Connection> connecting = handle.ConnectAsync(Some);

        ours.Dispose();
        session.Dispose();

        FlowerException e = await Refused(connecting);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Is.EqualTo(
            "the switchboard has gone, and a handle that was inherited cannot be opened again: start this program again "
            + "with a new one"));
        await handle.Closed.Soon();
    }

    [Test]
    public async Task Adopted_SwitchboardGone_SaysToAskForANewOne()
    {
        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        using Descriptor held = ours;
        await using Handle handle = Handle.Adopt(theirs);

        TakeOpened(ours).Dispose();

        await handle.Closed.Soon();
        Assert.That((await Refused(handle.ConnectAsync(Some))).Message, Does.EndWith("ask for a new one"));
    }

    [Test]
    public async Task Loop_HandleOpenedOnIt_ComesBackToIt()
    {
        var loop = new EventLoop("test-client", null);
        Handle? handle = null;
        RawSession? session = null;
        await loop.Invoke(async () => handle = await Handle.OpenAsync(Board.SocketPath)).Soon();
        session = Accept();
        Board.Crash(session);
        bool onLoop = false;
        Task connecting = loop.Invoke(async () =>
        {
            (await handle!.ConnectAsync(Some)).Dispose();
            onLoop = loop.IsCurrent;
        });

        Board.StartAgain();
        AnswerConnect(Accept());

        await connecting.Soon();
        Assert.That(onLoop, Is.True);
        await handle!.DisposeAsync();
        loop.Dispose();
    }

    // A call that waits says that the handle knows.
    private async Task LoseAsync(Handle handle, RawSession session)
    {
        Board.Crash(session);
        FlowerException e = await Refused(
            handle.ConnectAsync(Some, new() { Timeout = TimeSpan.FromMilliseconds(1) }));
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
    }

    private static RawSession TakeOpened(Descriptor shared)
    {
        byte[] buffer = new byte[1024];
        ReceivedPacket received = default;
        Waiting.Until(() => UnixSocket.Receive(shared, buffer, out received) == 0, "no Open came");
        received.PidFd?.Dispose();
        using Descriptor replyTo = received.Descriptors!.Single();
        return RawSession.AnswerOpen(replyTo);
    }

    // Both go on at once, and nobody says who is first.
    private static void AnswerInAnyOrder(RawSession session, Action<uint> connect, Action<uint> start)
    {
        uint connecting = 0;
        uint starting = 0;
        bool isWhole = false;
        while (!isWhole || starting == 0)
        {
            Frame frame = session.Next()!;
            switch (frame.KindCase)
            {
                case Frame.KindOneofCase.Start when frame.Start.Method.EndsWith("Connect", StringComparison.Ordinal):
                    connecting = frame.CallId;
                    break;
                case Frame.KindOneofCase.HalfClose:
                    isWhole = true;
                    break;
                case Frame.KindOneofCase.Message when frame.CallId != connecting:
                    Assert.That(ServerStartRequest.Parser.ParseFrom(frame.Message).Start.Credit, Is.EqualTo(7));
                    starting = frame.CallId;
                    break;
                default:
                    break;
            }
        }

        session.Send(RawSession.Message(starting, new ServerStartResponse { Started = new() }));
        start(starting);
        connect(connecting);
    }
}
