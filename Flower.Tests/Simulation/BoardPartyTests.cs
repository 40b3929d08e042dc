// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Simulation;

/// <summary>What the simulation has found of taps, activators and handles that are taken back, each without chance.</summary>
internal sealed class BoardPartyTests : TurnedBoardFixture
{
    // Seed 1390: nobody was asked, and the client waited for ever.
    [Test]
    public void ClientConnect_BalancesBetweenActivators_OneIsAsked()
    {
        using RawSession one = Accept();
        using RawSession other = Accept();
        using RawSession second = Accept();
        Register(one, new TargetStart { Labels = Named("1"), Activator = true });
        Register(other, new TargetStart { Labels = Named("2"), Activator = true });

        Connect(Peer);
        Connect(second);

        Offer?[] asked = [Offered(one), Offered(other)];
        Assert.That(asked.Count(offer => offer is not null), Is.EqualTo(1), "one starts a server for both");
        using RawSession server = Accept();
        Register(server, new TargetStart { Labels = Named("3") });
        Assert.That(Offered(server), Is.Not.Null);
        Assert.That(Offered(server), Is.Not.Null);
    }

    // Seed 14131: the next tap had the same number, and was given what was promised to another one.
    [Test]
    public void GoOn_TapThatHasGone_ItsConnectionIsGivenToNoOther()
    {
        using RawSession server = Accept();
        Register(server, new TargetStart { Labels = Named("1") });
        using (RawSession gone = Accept())
        {
            Tap(gone, credit: 1);
            Connect(Peer);
        }

        Run();
        TakeOver();
        using RawSession tap = Accept();
        Tap(tap, credit: 0);
        Answer(server, Offered(server)!);

        Frame? refused = Peer.Next();
        Assert.That(refused?.Status?.Code, Is.EqualTo((uint)StatusCode.Unavailable));
        tap.Send(RawSession.HalfClose(1));
        Run();
        Assert.That(tap.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Status), "it was given nothing");
    }

    // Seed 2793: it ended before the connects were there again that were promised to it, and they failed.
    [Test]
    public void GoOn_TapThatEndsInOrder_HasWhatItWasPromised()
    {
        using RawSession server = Accept();
        Register(server, new TargetStart { Labels = Named("1") });
        using RawSession tap = Accept();
        Tap(tap, credit: 1);
        Connect(Peer);
        tap.Send(RawSession.HalfClose(1));
        Run();
        TakeOver();
        Answer(server, Offered(server)!);

        Assert.That(TapStartResponse.Parser.ParseFrom(tap.Next()!.Message).Connection, Is.Not.Null);
        Assert.That(Peer.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Message));
    }

    // Seed 2101: a socket that had been shut down went on to the next server, as if it were open.
    [Test]
    public void Revoke_ServerWhoIsOfferedARevocablePush_SocketGoesToNoOther()
    {
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using (given)
        using (kept)
        {
            using RawSession server = Accept(out ulong handle);
            Register(server, new TargetStart { Labels = Named("1") });
            var push = new IngressConnectRequest
            {
                Labels = Wish(),
                Socket = new(),
                Wait = true,
                Balance = Balance.Least,
                Revocable = true,
            };
            Peer.Send(
                [given], RawSession.Start(1, "IngressConnect"), RawSession.Message(1, push, descriptors: 1),
                RawSession.HalfClose(1));
            given.Dispose();
            Run();
            Assert.That(Offered(server), Is.Not.Null);

            Loop.Post(_ => Board.Revoke(handle), null);
            Run();

            Assert.That(Peer.Next()?.Status?.Code, Is.EqualTo((uint)StatusCode.Unavailable));
            Assert.That(UnixSocket.IsHungUp(kept), Is.True);
            using RawSession next = Accept();
            Register(next, new TargetStart { Labels = Named("2") });
            Assert.That(Offered(next), Is.Null);
        }
    }

    // Client and server were told that they are connected, and the sockets were closed with the tap's stream.
    [TestCase(false)]
    [TestCase(true)]
    public void Tap_EndsInOrderBeforeItsStreamTakesMore_HasWhatItWasPromised(bool isTakenOver)
    {
        using RawSession server = Accept();
        Register(server, new TargetStart { Labels = Named("1") });
        using RawSession tap = Accept();
        Tap(tap, credit: 1, messages: 1);
        Connect(Peer);
        Answer(server, Offered(server)!);
        if (isTakenOver)
        {
            TakeOver();
        }

        tap.Send(RawSession.HalfClose(1));
        Run();
        Assert.That(tap.IsQuiet, Is.True);
        tap.Send(new Frame { CallId = 1, Credit = new Credit { Messages = 1 } });
        Run();

        Assert.That(TapStartResponse.Parser.ParseFrom(tap.Next()!.Message).Connection, Is.Not.Null);
        Assert.That(tap.Next()?.Status?.Code, Is.EqualTo((uint)StatusCode.OK));
    }

    // Seed 862: it stayed open as long as the session's sockets were unread, and whoever had sent it waited for the answer.
    [Test]
    public void Open_BehindWhatEndsTheSession_IsNotKeptWaiting()
    {
        using RawSession server = Accept();
        Register(server, new TargetStart { Labels = Named("1"), Credit = 1 });
        Connect(Peer);
        (Descriptor answers, Descriptor given) = UnixSocket.PacketPair();
        using (answers)
        using (given)
        {
            server.Send(new Frame { CallId = 1, Credit = new Credit() });
            server.Send([given], RawSession.OpenFrame);
            given.Dispose();
            Run();

            Assert.That(UnixSocket.IsHungUp(answers), Is.True);
        }
    }

    private static Labels Wish() => Stated("a", "1");

    private static Labels Named(string name)
    {
        Labels labels = Wish();
        labels.Labels_.Add(Stated("name", name).Labels_);
        return labels;
    }

    private static Offer? Offered(RawSession target)
    {
        Frame? told = target.IsQuiet ? null : target.Next();
        return told is null ? null : ServerStartResponse.Parser.ParseFrom(told.Message).Offer;
    }

    private void Register(RawSession peer, TargetStart start)
    {
        peer.Send(RawSession.Start(1, "ServerStart"), RawSession.Message(1, new ServerStartRequest { Start = start }));
        Run();
        Assert.That(ServerStartResponse.Parser.ParseFrom(peer.Next()!.Message).Started, Is.Not.Null);
    }

    private void Tap(RawSession peer, uint credit, uint messages = 0)
    {
        var start = new TapStart { Labels = new Labels { RequiredKeys = { "flower.connection_id" } }, Credit = credit };
        peer.Send(RawSession.Start(1, "TapStart", credit: messages), RawSession.Message(1, new TapStartRequest { Start = start }));
        Run();
        Assert.That(TapStartResponse.Parser.ParseFrom(peer.Next()!.Message).Started, Is.Not.Null);
    }

    private void Connect(RawSession peer)
    {
        var request = new ClientConnectRequest { Labels = Wish(), Wait = true, Balance = Balance.RoundRobin };
        peer.Send(RawSession.Start(1, "ClientConnect"), RawSession.Message(1, request), RawSession.HalfClose(1));
        Run();
    }

    private void Answer(RawSession server, Offer offer)
    {
        var answer = new Answer { ConnectionId = offer.ConnectionId, Accept = new Accept() };
        server.Send(RawSession.Message(1, new ServerStartRequest { Answer = answer }));
        Run();
    }
}
