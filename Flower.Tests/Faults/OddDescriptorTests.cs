// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.EndToEnd;
using Flower.Tests.Rpc;
using NUnit.Framework;
using Status = Flower.Protocol.V1.Status;

namespace Flower.Tests.Faults;

/// <summary>
/// Descriptors of every kind, where a socket or a session is expected: each is refused by what it is and closed, and whoever sent
/// it may go on.
/// </summary>
[Category("EndToEnd")]
internal sealed class OddDescriptorTests : EndToEndTest
{
    private const uint InvalidArgument = 3, Unavailable = 14;

    private static readonly Labels Name = LabelSet.ParseWords(["program=odd"]).ToMessage();

    [Test]
    public async Task Push_NoStreamSocket_IsRefusedAndTheSessionGoesOn()
    {
        using Party ingress = Party.Connect(Board.Handle);
        uint call = 0;
        foreach ((string kind, Func<SafeHandle> make) in OddDescriptors.NoStreams)
        {
            var request = new IngressConnectRequest { Labels = Name, Socket = new() { Index = 0 } };
            ingress.Ask(++call, "IngressConnect", IngressConnectResponse.Parser, request, make());

            Status end = ingress.HearEnd(call);
            Assert.That(end.Code, Is.EqualTo(InvalidArgument), kind);
            Assert.That(end.Message, Does.Contain("connected stream socket"), kind);
        }

        await AssertAnswersAsync();
    }

    [Test]
    public async Task Egress_AcceptsWithNoConnectedSocket_ClientIsToldAndTheEgressGoesOn()
    {
        using Party egress = Party.Connect(Board.Handle);
        using Party client = Party.Connect(Board.Handle);
        egress.Begin(1, "EgressStart", EgressStartResponse.Parser, new EgressStartRequest
        {
            Start = new() { Labels = Name, FixedDestination = true },
        });
        egress.Hear<EgressStartResponse>(1);
        uint call = 0;
        foreach ((string kind, Func<SafeHandle> make) in OddDescriptors.NoStreams.Concat(OddDescriptors.Unconnected))
        {
            Status end = Bring(egress, client, ++call, make());

            Assert.That(end.Code, Is.EqualTo(Unavailable), kind);
            Assert.That(end.Message, Does.Contain("without a connected stream socket"), kind);
        }

        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using (kept)
        {
            Assert.That(Bring(egress, client, ++call, given).Code, Is.Zero);
        }

        await AssertAnswersAsync();
    }

    [Test]
    public async Task Open_NoSession_IsClosedAndTheSenderGoesOn()
    {
        Board.ExpectInLog("a session was not opened: the descriptor is not a Unix packet socket");
        await using Handle onlooker = await Board.OpenAsync();
        using Party sender = Party.Connect(Board.Handle);
        sender.CatchUp();
        int before = (await onlooker.StatsAsync().Within()).Sessions;
        foreach (Func<SafeHandle> make in OddDescriptors.NoStreams.Concat(OddDescriptors.Unconnected)
            .Concat(OddDescriptors.NoSessions).Select(kind => kind.Value))
        {
            sender.OpenSession(make());
        }

        sender.CatchUp();

        Assert.That(sender.IsEnded, Is.False);
        Assert.That(
            await Patience.UntilAsync(async () => (await onlooker.StatsAsync().Within()).Sessions == before), Is.True,
            "what is no session was kept as one");
    }

    // The session that each answer brings is unread in the other end, and neither end is anybody's.
    [Test]
    public async Task Open_BothEndsOfAPair_EndByThemselves()
    {
        await using Handle onlooker = await Board.OpenAsync();
        int before = (await onlooker.StatsAsync().Within()).Sessions;
        using (Party sender = Party.Connect(Board.Handle))
        {
            (Descriptor one, Descriptor other) = UnixSocket.PacketPair();
            sender.OpenSession(one);
            sender.OpenSession(other);
            sender.CatchUp();
            Assert.That(sender.IsEnded, Is.False);
        }

        Assert.That(
            await Patience.UntilAsync(async () => (await onlooker.StatsAsync().Within()).Sessions == before), Is.True);
    }

    [Test]
    public async Task Adopt_NoSession_FailsInsteadOfHanging()
    {
        foreach ((string kind, Func<SafeHandle> make) in OddDescriptors.NoStreams.Concat(OddDescriptors.Unconnected)
            .Concat(OddDescriptors.NoSessions))
        {
            FlowerException? refused = await Assert.ThrowsAsync<FlowerException>(
                async () =>
                {
                    using SafeHandle odd = make();
                    await using Handle handle = Handle.Adopt(Descriptor.Duplicate(odd));
                    await handle.StatsAsync().Within();
                },
                kind);
            Assert.That(refused!.StatusCode, Is.EqualTo(Grpc.Core.StatusCode.Unavailable), kind);
        }
    }

    // The most that the kernel lets one packet have.
    [Test]
    public async Task Packet_WithAsManyDescriptorsAsThereMayBe_EachCallHasItsOwnAndAllAreClosed()
    {
        const int Most = UnixSocket.MaxDescriptors;
        (Descriptor Given, Descriptor Kept)[] pairs = [.. Enumerable.Range(0, Most).Select(_ => UnixSocket.StreamPair())];
        using (var raw = new RawSession(UnixSocket.ConnectPackets(Board.Handle)))
        {
            raw.Send(
                [.. pairs.Select(pair => pair.Given)],
                [.. Enumerable.Range(1, Most).SelectMany(call => Push((uint)call))]);
            var ended = new HashSet<uint>();
            while (ended.Count < Most)
            {
                Frame frame = raw.Next() ?? throw new AssertionException("the session has ended");
                Assert.That(frame.Status.Code, Is.EqualTo(5u), "nothing matches");
                ended.Add(frame.CallId);
            }
        }

        foreach ((Descriptor given, Descriptor kept) in pairs)
        {
            given.Dispose();
            Assert.That(await Patience.UntilAsync(() => Task.FromResult(UnixSocket.IsHungUp(kept))), Is.True);
            kept.Dispose();
        }
    }

    private static Frame[] Push(uint call) =>
    [
        RawSession.Start(call, "IngressConnect"),
        RawSession.Message(call, new IngressConnectRequest { Labels = Name, Socket = new() { Index = 0 } }, 1),
        RawSession.HalfClose(call),
    ];

    private static Status Bring(Party egress, Party client, uint call, SafeHandle socket)
    {
        client.Ask(call, "ClientConnect", ClientConnectResponse.Parser, new ClientConnectRequest { Labels = Name });
        ulong offer = egress.Hear<EgressStartResponse>(1).Offer.ConnectionId;
        var accept = new Accept { Socket = new() { Index = 0 } };
        egress.Answer(
            1, new EgressStartRequest { Answer = new() { ConnectionId = offer, Accept = accept } }, offer,
            waitsForSocket: false, socket);
        return client.HearEnd(call);
    }

    private async Task AssertAnswersAsync()
    {
        await using Handle handle = await Board.OpenAsync();
        await handle.StatsAsync().Within();
    }
}
