// SPDX-License-Identifier: BSD-2-Clause
using Flower.Fuzz.Simulation;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Flower.Switchboard.Quotas;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Simulation;

/// <summary>A board without a thread, which the test turns by hand, with a clock of its own.</summary>
internal abstract class TurnedBoardFixture
{
    private DescriptorLedger _ledger = null!;
    private FaultLog _log = null!;

    protected long Now { get; set; } = 1_000_000;

    protected EventLoop Loop { get; private set; } = null!;

    protected BoardUnderTest Board { get; private set; } = null!;

    /// <summary>A session over a handle of its own.</summary>
    protected RawSession Peer { get; private set; } = null!;

    [SetUp]
    public void Start()
    {
        _ledger = new DescriptorLedger();
        _log = new FaultLog();
        Loop = new EventLoop(() => Now, _log.Fault);
        Board = new BoardUnderTest(Loop, _log, QuotaLimits.PerHandle.With(QuotaKind.PendingCalls, 1));
        Peer = Accept();
    }

    [TearDown]
    public void Stop()
    {
        Peer.Dispose();
        Board.Dispose();
        Run();
        Loop.Dispose();
        Assert.That(_log.First, Is.Null);
        _ledger.AssertBalanced();
    }

    protected static Labels Stated(string key, string value) => new() { Labels_ = { new Label { Key = key, Value = value } } };

    protected void TakeOver()
    {
        using var descriptors = new DescriptorTable();
        Loop.Post(async _ => await TakeOverAsync(descriptors), null);
        Run();
    }

    private async Task TakeOverAsync(DescriptorTable descriptors)
    {
        await Board.Server.PauseAsync();
        byte[] state = Board.Save(descriptors);
        BoardUnderTest before = Board;
        Board = before.GoOn(
            state, descriptors.TakeAll([.. Enumerable.Range(1, descriptors.Descriptors.Count).Select(n => (uint)n)])!);
        before.Board.IsReplaced = true;
        before.Dispose();
        Board.Server.Resume();
    }

    protected RawSession Accept() => Accept(out _);

    protected RawSession Accept(out ulong handle)
    {
        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        handle = Board.Accept(ours);
        return new RawSession(theirs);
    }

    protected void Run()
    {
        while (Turn())
        {
        }
    }

    protected bool Turn() => Loop.Turn(static ready => ready.Length);
}
