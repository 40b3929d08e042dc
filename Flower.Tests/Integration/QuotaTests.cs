// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Google.Protobuf;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>What a handle may use, with all that was made from it. Root has no quotas of its own.</summary>
internal sealed class QuotaTests : BoardFixture
{
    protected override string Configuration => """
        {
          "quotas": {
            "handle": {
              "sessions": 4, "targets": 2, "pending_calls": 5, "queued_bytes": 100000,
              "descriptors_in_flight": 40, "connects_per_second": 400
            }
          }
        }
        """;

    [Test]
    public async Task Sessions_OneTooMany_IsRefusedUntilAnotherEnds()
    {
        using Descriptor shared = await Root.ConstrainToDescriptorAsync(AllRights, LabelSet.Empty, LabelSet.Empty);
        // One is the shared socket itself.
        var open = new List<Handle>();
        for (int i = 0; i < 3; i++)
        {
            open.Add(Handle.Adopt(shared.Duplicate()));
            Assert.That(await CountAsync(open[i]), Is.Zero);
        }

        await using (Handle fourth = Handle.Adopt(shared.Duplicate()))
        {
            FlowerException refused = await Refused(CountAsync(fourth));
            Assert.That(refused.Message, Does.Match(@"quota sessions of handle \d+ is exhausted: the limit is 4"));
        }

        await open[0].DisposeAsync();
        // The end of one session and the beginning of another come over two sockets, in any order.
        Assert.That(
            await EndToEnd.Patience.UntilAsync(async () =>
            {
                await using Handle again = Handle.Adopt(shared.Duplicate());
                try
                {
                    return await CountAsync(again) == 0;
                }
                catch (FlowerException e) when (e.StatusCode == StatusCode.ResourceExhausted)
                {
                    return false;
                }
            }),
            Is.True);
        await open[1].DisposeAsync();
        await open[2].DisposeAsync();
        Assert.That(Log.Lines.Count(line => line.Contains("quota sessions of handle", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task Targets_OfWhatWasMadeFromIt_CountToo()
    {
        await using Handle outer = await NarrowAsync(Root, ["a=1"], []);
        await using Handle inner = await NarrowAsync(outer, ["b=2"], []);
        await using Listener one = await outer.ListenAsync(Labels("n=1"));
        Listener two = await inner.ListenAsync(Labels("n=2"));

        FlowerException refused = await Refused(inner.ListenAsync(Labels("n=3")));

        Assert.That(refused.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(refused.Message, Does.Contain("quota targets of handle").And.Contain("the limit is 2"));
        await two.DisposeAsync();
        await using Listener three = await inner.ListenAsync(Labels("n=3"));
        await using Listener roots = await Root.ListenAsync(Labels("n=4"));
    }

    [Test]
    public async Task PendingCalls_TooMany_AreRefusedAndTheOthersWaitOn()
    {
        await using Handle narrow = await NarrowAsync(Root, [], ["q=1"]);
        using var giveUp = new CancellationTokenSource();
        Task<Connection>[] waiting = [.. Enumerable.Range(0, 5).Select(
            _ => narrow.ConnectAsync(Labels("late=1"), new() { Wait = true }, giveUp.Token))];

        FlowerException refused = await Refused(narrow.ConnectAsync(Labels("late=1"), new() { Wait = true }));

        Assert.That(refused.Message, Does.Contain("quota pending_calls of handle").And.Contain("the limit is 5"));
        await using Listener late = await Root.ListenAsync(Labels("late=1"), new() { Credit = 8 });
        for (int i = 0; i < 5; i++)
        {
            (await (await NextAsync(late)).AcceptAsync().Soon()).Dispose();
        }

        foreach (Task<Connection> connecting in waiting)
        {
            (await connecting.Soon()).Dispose();
        }

        (_, Connection atServer) = await ConnectAndForgetAsync(narrow, late);
        atServer.Dispose();
    }

    [Test]
    public async Task ConnectsPerSecond_Flood_IsRefusedAndTheOthersGoOn()
    {
        await using Handle narrow = await NarrowAsync(Root, [], ["q=1"]);
        await using Listener server = await Root.ListenAsync(Labels("s=1"), new() { Credit = 64 });
        Task serving = AcceptAllAsync(server);
        int refusals = 0;
        // More than one second's worth at once, whatever the machine is at.
        for (int i = 0; i < 600; i++)
        {
            try
            {
                (await narrow.ConnectAsync(Labels("s=1")).Soon()).Dispose();
            }
            catch (FlowerException e) when (e.StatusCode == StatusCode.ResourceExhausted)
            {
                Assert.That(e.Message, Does.Contain("quota connects_per_second of handle").And.Contain("the limit is 400"));
                refusals++;
                (await Root.ConnectAsync(Labels("s=1")).Soon()).Dispose();
                break;
            }
        }

        Assert.That(refusals, Is.EqualTo(1));
        await server.DisposeAsync();
        await serving.Soon();
    }

    [Test]
    public async Task DescriptorsInFlight_PeerThatDoesNotRead_IsRefusedMore()
    {
        await using Listener server = await Root.ListenAsync(Labels("s=1"), new() { Credit = 128 });
        using Descriptor shared = await Root.ConstrainToDescriptorAsync(AllRights, LabelSet.Empty, LabelSet.Empty);
        using RawSession raw = RawSession.Open(shared);

        for (uint id = 1; id <= 40; id++)
        {
            raw.Send(
                RawSession.Start(id, "ClientConnect"),
                RawSession.Message(id, new ClientConnectRequest { Labels = Labels("s=1").ToMessage() }),
                RawSession.HalfClose(id));
            (await (await NextAsync(server)).AcceptAsync().Soon()).Dispose();
        }

        await using Handle sibling = Handle.Adopt(shared.Duplicate());
        FlowerException refused = await RefusedWithAsync(sibling, StatusCode.ResourceExhausted);
        Assert.That(refused.Message, Does.Contain("quota descriptors_in_flight of handle").And.Contain("the limit is 40"));

        for (int statuses = 0; statuses < 40;)
        {
            statuses += raw.Next()!.KindCase == Frame.KindOneofCase.Status ? 1 : 0;
        }

        // All was taken: it goes on.
        await RefusedWithAsync(sibling, StatusCode.NotFound);
    }

    [Test]
    public async Task QueuedBytes_RequestsThatWait_CountAndEndTheSessionThatIsOneTooMany()
    {
        using Descriptor shared = await Root.ConstrainToDescriptorAsync(AllRights, LabelSet.Empty, LabelSet.Empty);
        using RawSession first = RawSession.Open(shared);
        using RawSession second = RawSession.Open(shared);
        first.Send(Waiting(1));
        Assert.That(await EndToEnd.Patience.UntilAsync(async () => (await Root.StatsAsync()).WaitingRequests == 1), Is.True);

        second.Send(Waiting(1));

        Frame? told = second.Next();
        Assert.That((told?.CallId, told?.Status?.Code), Is.EqualTo((0u, (uint)StatusCode.ResourceExhausted)));
        Assert.That(told!.Status.Message, Does.Contain("quota queued_bytes of handle").And.Contain("the limit is 100000"));
        Assert.That(second.Next(), Is.Null);

        // Of one that has ended, nothing counts any more.
        first.Send(new Frame { CallId = 1, Cancel = new() });
        Assert.That(first.Next()?.Status?.Code, Is.EqualTo((uint)StatusCode.Cancelled));
        using RawSession third = RawSession.Open(shared);
        third.Send(Waiting(1));
        await using Listener late = await Root.ListenAsync(Labels("late=1"), new() { Credit = 8 });
        (await (await NextAsync(late)).AcceptAsync().Soon()).Dispose();
        Assert.That(third.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Message));
    }

    [Test]
    public async Task Constrain_AgainAndAgain_HasAnEnd()
    {
        Handle at = await NarrowAsync(Root, [], []);
        FlowerException? refused = null;
        for (int i = 0; i < 70 && refused is null; i++)
        {
            try
            {
                Handle next = await at.ConstrainAsync(AllRights, LabelSet.Empty, LabelSet.Empty).Soon();
                await at.DisposeAsync();
                at = next;
            }
            catch (FlowerException e)
            {
                refused = e;
            }
        }

        await at.DisposeAsync();
        Assert.That(refused?.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(refused!.Message, Does.Contain("at most 64 times over"));
    }

    // A connect that waits, with 60,000 bytes of a field that no version has.
    private static Frame[] Waiting(uint id)
    {
        var request = new ClientConnectRequest { Labels = Labels("late=1").ToMessage(), Wait = true };
        var bytes = new MemoryStream();
        request.WriteTo(bytes);
        using (var coded = new CodedOutputStream(bytes, leaveOpen: true))
        {
            coded.WriteTag(1023, WireFormat.WireType.LengthDelimited);
            coded.WriteBytes(ByteString.CopyFrom(new byte[60_000]));
        }

        return
        [
            RawSession.Start(id, "ClientConnect"),
            new Frame { CallId = id, Message = ByteString.CopyFrom(bytes.ToArray()) },
            RawSession.HalfClose(id),
        ];
    }

    private static async Task<int> CountAsync(Handle handle)
    {
        int count = 0;
        await foreach (TargetInfo target in handle.ListAsync(LabelSet.Empty))
        {
            count++;
        }

        return count;
    }

    private static async Task AcceptAllAsync(Listener server)
    {
        await foreach (IncomingConnection incoming in server)
        {
            (await incoming.AcceptAsync()).Dispose();
        }
    }

    private static async Task<(Connection AtClient, Connection AtServer)> ConnectAndForgetAsync(Handle client, Listener server)
    {
        (Connection atClient, Connection atServer) = await ConnectAsync(client, server, "late=1");
        atClient.Dispose();
        return (atClient, atServer);
    }
}
