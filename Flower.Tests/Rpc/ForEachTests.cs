// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Grpc.Core;
using NUnit.Framework;
using Registering = Grpc.Core.AsyncDuplexStreamingCall<
    Flower.Protocol.V1.ServerStartRequest, Flower.Protocol.V1.ServerStartResponse>;

namespace Flower.Tests.Rpc;

/// <summary>Responses that are handled where they arrive; the switchboard is played by the test.</summary>
internal sealed class ForEachTests
{
    private ScriptedSwitchboard _board = null!;
    private DescriptorLedger _ledger = null!;
    private SessionChannel _channel = null!;
    private RawSession _peer = null!;
    private CallInvoker _invoker = null!;

    [SetUp]
    public void Start()
    {
        _ledger = new DescriptorLedger();
        _board = new ScriptedSwitchboard();
        _channel = SessionChannel.ConnectPath(_board.SocketPath);
        _peer = _board.Accept();
        _invoker = _channel.CreateInlineCallInvoker();
    }

    [TearDown]
    public async Task Stop()
    {
        await _channel.DisposeAsync();
        _peer.Dispose();
        _board.Dispose();
        _ledger.AssertBalanced();
    }

    [Test]
    public async Task ForEach_OneIsHandledLater_TheOthersWaitForIt()
    {
        (Registering call, uint id) = Begin();
        using Registering owned = call;
        var handled = new List<ulong>();
        var later = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _peer.Send(Offer(id, 1));
        Task reading = Stream(call).ForEachAsync(async () =>
        {
            ulong offer = call.ResponseStream.Current.Offer.ConnectionId;
            if (offer == 3)
            {
                await later.Task;
            }

            lock (handled)
            {
                handled.Add(offer);
            }
        });
        for (ulong offer = 2; offer <= 6; offer++)
        {
            _peer.Send(Offer(id, offer));
        }

        Waiting.Until(() => Seen() == 2, "the first two");
        later.SetResult();
        Waiting.Until(() => Seen() == 6, "all of them");
        _peer.Send(Offer(id, 7));
        _peer.Send(new Frame { CallId = id, Status = new() });
        await reading.Soon();

        Assert.That(handled, Is.EqualTo(new ulong[] { 1, 2, 3, 4, 5, 6, 7 }));

        int Seen()
        {
            lock (handled)
            {
                return handled.Count;
            }
        }
    }

    [Test]
    public async Task ForEach_Throws_EndsWithThat()
    {
        (Registering call, uint id) = Begin();
        using Registering owned = call;
        Task reading = Stream(call).ForEachAsync(() => throw new InvalidOperationException("enough"));

        _peer.Send(Offer(id, 1));

        Assert.That(await reading.ContinueWith(t => t.Exception!.InnerException!.Message).Soon(), Is.EqualTo("enough"));
    }

    [Test]
    public async Task ForEach_CallFails_EndsWithThat()
    {
        (Registering call, uint id) = Begin();
        using Registering owned = call;
        Task reading = Stream(call).ForEachAsync(() => default);

        _peer.Send(new Frame { CallId = id, Status = new() { Code = (uint)StatusCode.PermissionDenied, Message = "no" } });

        Assert.That((await reading.Failure()).StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
    }

    // Whoever gives the call up does so at any moment: nothing is handled after the end was told, and no descriptor is lost.
    [Test]
    public async Task ForEach_GivenUpByAnotherThreadMeanwhile_EndsAfterTheLastOne()
    {
        for (int round = 0; round < 300; round++)
        {
            (Registering call, uint id) = Begin();
            int handled = 0;
            bool hasEnded = false;
            bool isLate = false;
            Task reading = EndAsync(Stream(call).ForEachAsync(async () =>
            {
                isLate |= hasEnded;
                if (++handled % 3 == 0)
                {
                    await Task.Yield();
                }

                call.ResponseStream.Current.Offer.Socket.Handle?.Dispose();
            }));
            int spins = (round * 37) % 2000;
            Task giving = Task.Run(() =>
            {
                Thread.SpinWait(spins);
                call.Dispose();
            });
            for (ulong offer = 1; offer <= 4; offer++)
            {
                (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
                _peer.Send([given], Offer(id, offer, withSocket: true));
                given.Dispose();
                kept.Dispose();
            }

            await giving.Soon();
            await reading.Soon();
            Assert.That(isLate, Is.False);
            while (_peer.Next()!.Cancel is null)
            {
            }

            async Task EndAsync(Task all)
            {
                await all.Failure();
                hasEnded = true;
            }
        }
    }

    private (Registering Call, uint Id) Begin()
    {
        Registering call = _invoker.AsyncDuplexStreamingCall(BoardMethods.ServerStart, null, default);
        Frame start;
        do
        {
            start = _peer.Next()!;
        }
        while (start.Start is null);
        return (call, start.CallId);
    }

    private static ISurvivingStream<ServerStartRequest> Stream(Registering call) =>
        (ISurvivingStream<ServerStartRequest>)call.ResponseStream;

    private static Frame Offer(uint call, ulong id, bool withSocket = false)
    {
        Frame frame = RawSession.Message(
            call, new ServerStartResponse { Offer = new() { ConnectionId = id, Socket = withSocket ? new() : null } });
        frame.FdCount = withSocket ? 1u : 0;
        return frame;
    }
}
