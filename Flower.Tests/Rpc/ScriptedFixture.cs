// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Transport;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>A session with a switchboard that the test plays; checks descriptors.</summary>
internal abstract class ScriptedFixture
{
    private DescriptorLedger _ledger = null!;

    protected ScriptedSwitchboard Board { get; private set; } = null!;

    protected SessionChannel Channel { get; private set; } = null!;

    /// <summary>The session, as the switchboard has it.</summary>
    protected RawSession Peer { get; private set; } = null!;

    [SetUp]
    public void Start()
    {
        // The process keeps it from its first use on.
        Assert.That(EventLoop.Shared.IsCurrent, Is.False);
        _ledger = new DescriptorLedger();
        Board = new ScriptedSwitchboard();
        Channel = SessionChannel.ConnectPath(Board.SocketPath);
        Peer = Board.Accept();
    }

    [TearDown]
    public async Task Stop()
    {
        await Channel.DisposeAsync();
        Peer.Dispose();
        Board.Dispose();
        _ledger.AssertBalanced();
    }

    /// <summary>What a duplex call of the client's can do beside gRPC.</summary>
    protected static ISurvivingStream<ServerStartRequest> Surviving(
        Grpc.Core.AsyncDuplexStreamingCall<ServerStartRequest, ServerStartResponse> call) =>
        (ISurvivingStream<ServerStartRequest>)call.ResponseStream;
}
