// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Servers that do not read what they are sent, however many others connect to them.</summary>
internal sealed class UnreadTargetTests : BoardFixture
{
    private const int Limit = 40;

    // The switchboard looks at what a session has unread at each so many.
    private const int Granularity = 16;

    protected override string Configuration => """
        { "quotas": { "handle": { "descriptors_in_flight": 40 } } }
        """;

    [Test]
    public async Task Offers_ToAServerThatDoesNotRead_CarryNoSocketBeyondItsQuota()
    {
        using RawSession server = await ServerAsync();
        using var over = new CancellationTokenSource();
        Task<Connection>[] connects = Connect(60, over.Token);
        await UntilOffered(60);

        int withSocket = 0;
        for (int offers = 0; offers < 60;)
        {
            Frame? frame = server.Next();
            Assert.That(frame, Is.Not.Null);
            if (frame!.KindCase == Frame.KindOneofCase.Message
                && ServerStartResponse.Parser.ParseFrom(frame.Message).Offer is Offer)
            {
                offers++;
                withSocket += (int)frame.FdCount;
            }
        }

        Assert.That(withSocket, Is.InRange(Limit, Limit + Granularity));
        await EndAsync(connects, over);
    }

    [Test]
    public async Task Accepts_WithoutReading_EndTheSession()
    {
        using RawSession server = await ServerAsync();
        using var over = new CancellationTokenSource();
        Task<Connection>[] connects = Connect(200, over.Token);
        await UntilOffered(200);

        for (uint id = 1; id <= 200; id++)
        {
            server.Send(RawSession.Message(
                1, new ServerStartRequest { Answer = new Answer { ConnectionId = id, Accept = new Accept() } }));
        }

        Waiting.Until(
            () => Log.Lines.Any(line => line.Contains("it does not read the descriptors", StringComparison.Ordinal)), "not logged");
        while (server.Next() is not null)
        {
        }

        await EndAsync(connects, over);
    }

    // Over a narrowed handle: the fixture's root has no quotas.
    private async Task<RawSession> ServerAsync()
    {
        using Descriptor shared = await Root.ConstrainToDescriptorAsync(AllRights, LabelSet.Empty, LabelSet.Empty);
        RawSession server = RawSession.Open(shared);
        server.Send(
            RawSession.Start(1, "ServerStart", credit: 60000),
            RawSession.Message(
                1, new ServerStartRequest { Start = new() { Labels = Labels("s=1").ToMessage(), Credit = 1024 } }));
        while (server.Next()!.KindCase != Frame.KindOneofCase.Message)
        {
        }

        return server;
    }

    private Task<Connection>[] Connect(int count, CancellationToken over) =>
        [.. Enumerable.Range(0, count).Select(_ => Root.ConnectAsync(Labels("s=1"), cancellationToken: over))];

    private async Task UntilOffered(int count) => Assert.That(
        await EndToEnd.Patience.UntilAsync(async () => (await Root.ListAsync(Labels("s=1")).SingleAsync()).Connections >= (ulong)count),
        Is.True, "not all were offered");

    private static async Task EndAsync(Task<Connection>[] connects, CancellationTokenSource over)
    {
        await over.CancelAsync();
        foreach (Task<Connection> connect in connects)
        {
            try
            {
                (await connect.Soon()).Dispose();
            }
            catch (Exception e) when (e is OperationCanceledException or FlowerException)
            {
                // Given up, or its server was ended.
            }
        }
    }
}
