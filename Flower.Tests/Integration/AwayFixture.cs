// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>The client library with a switchboard that the test plays, and that goes away; checks descriptors.</summary>
internal abstract class AwayFixture
{
    private readonly List<RawSession> _sessions = [];
    private DescriptorLedger _ledger = null!;

    protected ScriptedSwitchboard Board { get; private set; } = null!;

    protected static LabelSet Some { get; } = LabelSet.ParseWords(["a=1"]);

    [SetUp]
    public void Start()
    {
        Assert.That(EventLoop.Shared.IsCurrent, Is.False);
        _ledger = new DescriptorLedger();
        Board = new ScriptedSwitchboard();
    }

    [TearDown]
    public void Stop()
    {
        Board.Dispose();
        _sessions.ForEach(session => session.Dispose());
        _sessions.Clear();
        _ledger.AssertBalanced();
    }

    /// <summary>A handle by path, and its session at the other end.</summary>
    protected async Task<(Handle Handle, RawSession Session)> OpenAsync(HandleOptions? options = null)
    {
        Handle handle = await Handle.OpenAsync(Board.SocketPath, options);
        return (handle, Accept());
    }

    /// <summary>The next session, which ends with the test at the latest.</summary>
    protected RawSession Accept()
    {
        RawSession session = Board.Accept();
        _sessions.Add(session);
        return session;
    }

    /// <summary>A registered server, and the id of its call.</summary>
    protected static async Task<(Listener Listener, uint CallId)> ListenAsync(Handle handle, RawSession session)
    {
        Task<Listener> listening = handle.ListenAsync(Some, new() { Credit = 7 });
        uint id = Register(session);
        return (await listening.Soon(), id);
    }

    /// <summary>Answers the registration of a server, which must be the next call.</summary>
    protected static uint Register(RawSession session)
    {
        (uint id, ServerStartRequest request) = ScriptedSwitchboard.Expect<ServerStartRequest>(session, "ServerStart");
        Assert.That(request.Start.Labels, Is.EqualTo(Some.ToMessage()));
        Assert.That(request.Start.Credit, Is.EqualTo(7));
        session.Send(RawSession.Message(id, new ServerStartResponse
        {
            Started = new() { Labels = { new Label { Key = "a", Value = "1" } } },
        }));
        return id;
    }

    /// <summary>Offers a connection, with its socket, whose other end is returned.</summary>
    protected static Descriptor Offer(RawSession session, uint callId, ulong connectionId)
    {
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using (given)
        {
            session.Send([given], RawSession.Message(
                callId,
                new ServerStartResponse { Offer = new() { ConnectionId = connectionId, Socket = new() } },
                descriptors: 1));
        }

        return kept;
    }

    /// <summary>Offers the labels of a connection alone.</summary>
    protected static void OfferLabels(RawSession session, uint callId, ulong connectionId) =>
        session.Send(RawSession.Message(
            callId, new ServerStartResponse { Offer = new() { ConnectionId = connectionId } }));

    protected static async Task<IncomingConnection> NextAsync(IAsyncEnumerator<IncomingConnection> connections)
    {
        Assert.That(await connections.MoveNextAsync().AsTask().Soon(), Is.True);
        return connections.Current;
    }

    /// <summary>The next call must be a connect; it is answered with a socket.</summary>
    protected static void AnswerConnect(RawSession session)
    {
        (uint id, _) = ScriptedSwitchboard.Expect<ClientConnectRequest>(session, "ClientConnect");
        Assert.That(session.Next()!.HalfClose, Is.Not.Null);
        AnswerConnect(session, id);
    }

    /// <summary>Answers a connect with a socket.</summary>
    protected static void AnswerConnect(RawSession session, uint id)
    {
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using (given)
        using (kept)
        {
            session.Send(
                [given],
                RawSession.Message(id, new ClientConnectResponse { Socket = new() }, descriptors: 1),
                ScriptedSwitchboard.Status(id, StatusCode.OK));
        }
    }

    protected static async Task<FlowerException> Refused(Task call)
    {
        try
        {
            await call.Soon();
        }
        catch (FlowerException e)
        {
            return e;
        }

        throw new AssertionException("the call succeeded");
    }
}
