// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Fuzz.Simulation;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Flower.Switchboard.Quotas;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Simulation;

/// <summary>What the simulation has found, each said once more without chance: a board that the test turns by hand.</summary>
internal sealed class BoardLimitTests
{
    private long _now = 1_000_000;
    private DescriptorLedger _ledger = null!;
    private EventLoop _loop = null!;
    private FaultLog _log = null!;
    private BoardUnderTest _board = null!;
    private RawSession _peer = null!;

    [SetUp]
    public void Start()
    {
        _ledger = new DescriptorLedger();
        _log = new FaultLog();
        _loop = new EventLoop(() => _now, _log.Fault);
        _board = new BoardUnderTest(_loop, _log, QuotaLimits.PerHandle.With(QuotaKind.PendingCalls, 1));
        _peer = Accept();
    }

    [TearDown]
    public void Stop()
    {
        _peer.Dispose();
        _board.Dispose();
        Run();
        _loop.Dispose();
        Assert.That(_log.First, Is.Null);
        _ledger.AssertBalanced();
    }

    [Test]
    public void Constrain_NoDescriptorLeft_ResourceExhausted()
    {
        _peer.Send(
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

        Assert.That(_peer.Next()?.Status?.Code, Is.EqualTo((uint)StatusCode.ResourceExhausted));
    }

    [Test]
    public void IngressConnect_OverQuota_SocketIsClosed()
    {
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using (given)
        using (kept)
        {
            Wait(1);
            _peer.Send(
                [given], RawSession.Start(2, "IngressConnect"),
                RawSession.Message(2, new IngressConnectRequest { Socket = new() }, descriptors: 1), RawSession.HalfClose(2));
            given.Dispose();
            Run();

            Assert.That(_peer.Next()?.Status?.Code, Is.EqualTo((uint)StatusCode.ResourceExhausted));
            Assert.That(UnixSocket.IsHungUp(kept), Is.True);
        }
    }

    [Test]
    public void Resume_SessionThatRests_StillRests()
    {
        Wait(1);
        Wait(2);
        Assert.That(_peer.Next()?.CallId, Is.EqualTo(2), "the one too many, which makes it rest");
        _loop.Post(async _ => await PauseAndResumeAsync(), null);
        Run();

        _peer.Send(new Frame { Hello = new Hello { Version = 1 } });

        Assert.That(Turn(), Is.False, "it is not looked at");
        _now += 60;
        Run();
        Assert.That(_peer.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Hello));
    }

    [Test]
    public void GoOn_RequestsThatWait_AreServedAsTheyCame()
    {
        using RawSession second = Accept();
        using RawSession server = Accept();
        Wait(second, 1, "first");
        Wait(_peer, 1, "second");

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
                _peer.Send(
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
            Assert.That(_peer.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Message));
        }
    }

    private static string Offered(RawSession server)
    {
        ServerStartResponse response = ServerStartResponse.Parser.ParseFrom(server.Next()!.Message);
        return response.Offer?.Labels.Single(label => label.Key == "who").Value ?? "started";
    }

    private static Labels Stated(string key, string value) => new() { Labels_ = { new Label { Key = key, Value = value } } };

    private void TakeOver()
    {
        using var descriptors = new DescriptorTable();
        _loop.Post(async _ => await TakeOverAsync(descriptors), null);
        Run();
    }

    private async Task TakeOverAsync(DescriptorTable descriptors)
    {
        await _board.Server.PauseAsync();
        byte[] state = _board.Save(descriptors);
        BoardUnderTest before = _board;
        _board = before.GoOn(
            state, descriptors.TakeAll([.. Enumerable.Range(1, descriptors.Descriptors.Count).Select(n => (uint)n)])!);
        before.Board.IsReplaced = true;
        before.Dispose();
        _board.Server.Resume();
    }

    private RawSession Accept()
    {
        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        _board.Accept(ours);
        return new RawSession(theirs);
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
        await _board.Server.PauseAsync();
        _board.Server.Resume();
    }

    private void Wait(uint id)
    {
        _peer.Send(
            RawSession.Start(id, "ClientConnect"), RawSession.Message(id, new ClientConnectRequest { Wait = true }),
            RawSession.HalfClose(id));
        Run();
    }

    private void Run()
    {
        while (Turn())
        {
        }
    }

    private bool Turn() => _loop.Turn(static ready => ready.Length);

    private sealed class NoneLeft : KernelFaults
    {
        internal override int OnSend(SafeHandle socket, int descriptors) => 0;

        internal override int OnReceived(int descriptors) => descriptors;

        internal override int OnNew() => Errno.MFile;
    }
}
