// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Sessions that end with sockets unread count for them on: nobody gets more by beginning anew.</summary>
internal sealed class UnreadSessionTests : BoardFixture
{
    private const int Limit = 40;

    protected override string Configuration => """
        { "quotas": { "handle": { "descriptors_in_flight": 40, "sessions": 8 } } }
        """;

    [Test]
    public async Task Descriptors_OfSessionsThatEnded_CountUntilTheyAreReadOrTheSocketIsClosed(
        [Values(2, 5)] int sessions, [Values] bool isRead)
    {
        await using Listener server = await Root.ListenAsync(Labels("s=1"), new() { Credit = 128 });
        using Descriptor shared = await Root.ConstrainToDescriptorAsync(AllRights, LabelSet.Empty, LabelSet.Empty);
        var ended = new List<RawSession>();
        for (int i = 0; i < sessions; i++)
        {
            ended.Add(await EndWithUnreadAsync(shared, server, Limit / sessions));
        }

        await using Handle sibling = Handle.Adopt(shared.Duplicate());
        FlowerException refused = await RefusedWithAsync(sibling, StatusCode.ResourceExhausted);
        Assert.That(refused.Message, Does.Contain("quota descriptors_in_flight of handle").And.Contain("the limit is 40"));

        foreach (RawSession session in ended)
        {
            while (isRead && session.Next() is not null)
            {
            }

            session.Dispose();
        }

        await RefusedWithAsync(sibling, StatusCode.NotFound);
    }

    [Test]
    public async Task Sessions_ThatEndedWithDescriptorsUnread_CountAsSessions()
    {
        await using Listener server = await Root.ListenAsync(Labels("s=1"), new() { Credit = 128 });
        using Descriptor shared = await Root.ConstrainToDescriptorAsync(AllRights, LabelSet.Empty, LabelSet.Empty);
        var ended = new List<RawSession>();
        // One is the shared socket's.
        for (int i = 0; i < 7; i++)
        {
            ended.Add(await EndWithUnreadAsync(shared, server, 1));
        }

        await using (Handle eighth = Handle.Adopt(shared.Duplicate()))
        {
            FlowerException refused = await Refused(eighth.ConnectAsync(Labels("s=1")));
            Assert.That(refused.Message, Does.Contain("quota sessions of handle").And.Contain("the limit is 8"));
        }

        ended[0].Dispose();
        Assert.That(
            await EndToEnd.Patience.UntilAsync(async () =>
            {
                await using Handle again = Handle.Adopt(shared.Duplicate());
                return (await Refused(again.ConnectAsync(Labels("none=1"), new() { RelatedOnly = true }))).StatusCode
                    == StatusCode.NotFound;
            }),
            Is.True);
        ended.ForEach(session => session.Dispose());
    }

    [Test]
    public async Task Switchboard_ThatStops_WaitsForNobody()
    {
        await using Listener server = await Root.ListenAsync(Labels("s=1"), new() { Credit = 128 });
        using Descriptor shared = await Root.ConstrainToDescriptorAsync(AllRights, LabelSet.Empty, LabelSet.Empty);
        using RawSession ended = await EndWithUnreadAsync(shared, server, 5);

        // The descriptors that are left are counted.
        await StopDaemonAsync();
    }

    // As a peer that sends no more, and keeps what it was sent where it cannot be taken back.
    private async Task<RawSession> EndWithUnreadAsync(Descriptor shared, Listener server, int count)
    {
        RawSession session = RawSession.Open(shared);
        for (uint id = 1; id <= count; id++)
        {
            session.Send(
                RawSession.Start(id, "ClientConnect"),
                RawSession.Message(id, new ClientConnectRequest { Labels = Labels("s=1").ToMessage() }),
                RawSession.HalfClose(id));
            (await (await NextAsync(server)).AcceptAsync().Soon()).Dispose();
        }

        // Comes after the last answer of the server's, which came over the same session.
        _ = await Root.StatsAsync().Soon();
        ConnectedSocket.EndSending(session.Socket);
        return session;
    }
}
