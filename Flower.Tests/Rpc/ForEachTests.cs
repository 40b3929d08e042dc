// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Grpc.Core;
using NUnit.Framework;
using Registering = Grpc.Core.AsyncDuplexStreamingCall<
    Flower.Protocol.V1.ServerStartRequest, Flower.Protocol.V1.ServerStartResponse>;

namespace Flower.Tests.Rpc;

/// <summary>Responses that are handled where they arrive; the switchboard is played by the test.</summary>
internal sealed class ForEachTests : ScriptedFixture
{
    [Test]
    public async Task ForEach_OneIsHandledLater_TheOthersWaitForIt()
    {
        (Registering call, uint id) = Begin();
        using Registering owned = call;
        var handled = new List<ulong>();
        var later = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Peer.Send(Offer(id, 1));
        Task reading = Surviving(call).ForEachAsync(async () =>
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
            Peer.Send(Offer(id, offer));
        }

        Waiting.Until(() => Seen() == 2, "the first two");
        later.SetResult();
        Waiting.Until(() => Seen() == 6, "all of them");
        Peer.Send(Offer(id, 7));
        Peer.Send(new Frame { CallId = id, Status = new() });
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

    // Whoever reads is on a thread of the pool, and looks for more, or begins to wait for it, while more arrives on the loop.
    [Test]
    public async Task ForEach_ArriveWhileOthersAreRead_EachIsHandledInItsOrder()
    {
        for (int round = 0; round < 100; round++)
        {
            (Registering call, uint id) = Begin();
            using Registering owned = call;
            var handled = new List<ulong>();
            int yields = round % 7;
            Task reading = Task.Run(() => Surviving(call).ForEachAsync(async () =>
            {
                handled.Add(call.ResponseStream.Current.Offer.ConnectionId);
                if (yields > 0 && handled.Count % yields == 0)
                {
                    await Task.Yield();
                }
            }));
            ulong sent = 0;
            for (int packet = 0; packet < 50; packet++)
            {
                Peer.Send([.. Enumerable.Range(0, 8).Select(_ => Offer(id, ++sent))]);
            }

            Peer.Send(new Frame { CallId = id, Status = new() });
            await reading.Soon();

            Assert.That(handled, Is.EqualTo(Enumerable.Range(1, (int)sent)));
        }
    }

    [Test]
    public async Task ForEach_Throws_EndsWithThat()
    {
        (Registering call, uint id) = Begin();
        using Registering owned = call;
        Task reading = Surviving(call).ForEachAsync(() => throw new InvalidOperationException("enough"));

        Peer.Send(Offer(id, 1));

        Assert.That(await reading.ContinueWith(t => t.Exception!.InnerException!.Message).Soon(), Is.EqualTo("enough"));
    }

    [Test]
    public async Task ForEach_CallFails_EndsWithThat()
    {
        (Registering call, uint id) = Begin();
        using Registering owned = call;
        Task reading = Surviving(call).ForEachAsync(() => default);

        Peer.Send(new Frame { CallId = id, Status = new() { Code = (uint)StatusCode.PermissionDenied, Message = "no" } });

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
            Task reading = EndAsync(Surviving(call).ForEachAsync(async () =>
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
                Peer.Send([given], Offer(id, offer, withSocket: true));
                given.Dispose();
                kept.Dispose();
            }

            await giving.Soon();
            await reading.Soon();
            Assert.That(isLate, Is.False);
            while (Peer.Next()!.Cancel is null)
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
        Registering call = Channel.CreateInlineCallInvoker().AsyncDuplexStreamingCall(BoardMethods.ServerStart, null, default);
        Frame start;
        do
        {
            start = Peer.Next()!;
        }
        while (start.Start is null);
        return (call, start.CallId);
    }

    private static Frame Offer(uint call, ulong id, bool withSocket = false)
    {
        Frame frame = RawSession.Message(
            call, new ServerStartResponse { Offer = new() { ConnectionId = id, Socket = withSocket ? new() : null } });
        frame.FdCount = withSocket ? 1u : 0;
        return frame;
    }
}
