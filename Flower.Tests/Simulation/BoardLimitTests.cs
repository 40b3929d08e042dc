// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Fuzz.Simulation;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
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
        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        _board.Accept(ours);
        _peer = new RawSession(theirs);
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
