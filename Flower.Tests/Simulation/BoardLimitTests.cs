// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Simulation;

/// <summary>What the simulation has found at limits and in take-overs, each said once more without chance.</summary>
internal sealed class BoardLimitTests : TurnedBoardFixture
{
    [Test]
    public void Constrain_NoDescriptorLeft_ResourceExhausted()
    {
        Peer.Send(
            RawSession.Start(1, "Constrain"), RawSession.Message(1, new ConstrainRequest()), RawSession.HalfClose(1));
        KernelFaults.OfThread = new NoneLeft();
        try
        {
            Run();
        }
        finally
        {
            KernelFaults.OfThread = null;
        }

        Assert.That(Peer.Next()?.Status?.Code, Is.EqualTo((uint)StatusCode.ResourceExhausted));
    }

    [Test]
    public void IngressConnect_OverQuota_SocketIsClosed()
    {
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using (given)
        using (kept)
        {
            Wait(1);
            Peer.Send(
                [given], RawSession.Start(2, "IngressConnect"),
                RawSession.Message(2, new IngressConnectRequest { Socket = new() }, descriptors: 1), RawSession.HalfClose(2));
            given.Dispose();
            Run();

            Assert.That(Peer.Next()?.Status?.Code, Is.EqualTo((uint)StatusCode.ResourceExhausted));
            Assert.That(UnixSocket.IsHungUp(kept), Is.True);
        }
    }

    [Test]
    public void Resume_SessionThatRests_StillRests()
    {
        Wait(1);
        Wait(2);
        Assert.That(Peer.Next()?.CallId, Is.EqualTo(2), "the one too many, which makes it rest");
        Loop.Post(async _ => await PauseAndResumeAsync(), null);
        Run();

        Peer.Send(new Frame { Hello = new Hello { Version = 1 } });

        Assert.That(Turn(), Is.False, "it is not looked at");
        Now += 60;
        Run();
        Assert.That(Peer.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Hello));
    }

    [Test]
    public void GoOn_RequestsThatWait_AreServedAsTheyCame()
    {
        using RawSession second = Accept();
        using RawSession server = Accept();
        Wait(second, 1, "first");
        Wait(Peer, 1, "second");

        TakeOver();
        var start = new ServerStartRequest { Start = new TargetStart { Labels = Stated("a", "1") } };
        server.Send(RawSession.Start(1, "ServerStart"), RawSession.Message(1, start));
        Run();

        Assert.That(Offered(server), Is.EqualTo("started"));
        Assert.That(Offered(server), Is.EqualTo("first"));
        Assert.That(Offered(server), Is.EqualTo("second"));
    }

    [Test]
    public void GoOn_PushedSocketThatWasTakenBack_GoesToTheNextServer()
    {
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using (given)
        using (kept)
        {
            using RawSession last = Accept();
            var start = new ServerStartRequest { Start = new TargetStart { Labels = Stated("a", "1") } };
            using (RawSession first = Accept())
            {
                first.Send(RawSession.Start(1, "ServerStart"), RawSession.Message(1, start));
                Run();
                var push = new IngressConnectRequest
                {
                    Labels = Stated("a", "1"),
                    Socket = new(),
                    Wait = true,
                    Balance = Balance.Least,
                };
                Peer.Send(
                    [given], RawSession.Start(1, "IngressConnect"), RawSession.Message(1, push, descriptors: 1),
                    RawSession.HalfClose(1));
                given.Dispose();
                Run();
                TakeOver();
            }

            Run();
            TakeOver();
            last.Send(RawSession.Start(1, "ServerStart"), RawSession.Message(1, start));
            Run();
            Assert.That(ServerStartResponse.Parser.ParseFrom(last.Next()!.Message).Started, Is.Not.Null);
            Offer offer = ServerStartResponse.Parser.ParseFrom(last.Next()!.Message).Offer;
            var accept = new Answer { ConnectionId = offer.ConnectionId, Accept = new Accept() };
            last.Send(RawSession.Message(1, new ServerStartRequest { Answer = accept }));
            Run();

            Assert.That(ServerStartResponse.Parser.ParseFrom(last.Next()!.Message).Delivery, Is.Not.Null);
            Assert.That(Peer.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Message));
        }
    }

    private static string Offered(RawSession server)
    {
        ServerStartResponse response = ServerStartResponse.Parser.ParseFrom(server.Next()!.Message);
        return response.Offer?.Labels.Single(label => label.Key == "who").Value ?? "started";
    }

    private void Wait(RawSession peer, uint id, string who)
    {
        Labels wish = Stated("a", "1");
        wish.Labels_.Add(Stated("who", who).Labels_);
        peer.Send(
            RawSession.Start(id, "ClientConnect"), RawSession.Message(id, new ClientConnectRequest { Labels = wish, Wait = true }),
            RawSession.HalfClose(id));
        Run();
    }

    private async Task PauseAndResumeAsync()
    {
        await Board.Server.PauseAsync();
        Board.Server.Resume();
    }

    private void Wait(uint id)
    {
        Peer.Send(
            RawSession.Start(id, "ClientConnect"), RawSession.Message(id, new ClientConnectRequest { Wait = true }),
            RawSession.HalfClose(id));
        Run();
    }

    private sealed class NoneLeft : KernelFaults
    {
        internal override int OnSend(SafeHandle socket, int descriptors) => 0;

        internal override int OnReceived(int descriptors) => descriptors;

        internal override int OnNew() => Errno.MFile;
    }
}
