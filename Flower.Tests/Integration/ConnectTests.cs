// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>How a connection is made, answered, awaited and given up: docs/design.md §4.</summary>
internal sealed class ConnectTests : BoardFixture
{
    private static readonly ListenOptions NoCredit = new() { Credit = 0 };

    [Test]
    public async Task Connect_Accepted_SocketsAreBlockingAndCloseOnExec()
    {
        await using Listener listener = await Root.ListenAsync(LabelSet.Empty).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener);

        foreach (Connection side in new[] { atClient, atServer })
        {
            using Descriptor descriptor = side.TakeDescriptor();
            Assert.That(descriptor.IsNonBlocking, Is.False);
            Assert.That(descriptor.IsCloseOnExec, Is.True);
        }
    }

    [Test]
    public async Task Offer_WithoutCredit_SocketFollowsTheAccept()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), NoCredit).Soon();

        for (int i = 0; i < 50; i++)
        {
            (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "a=1");
            using (atClient)
            using (atServer)
            {
                AssertTalk(atClient, atServer);
            }
        }
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Offer_Rejected_ReasonReachesTheClient(int credit)
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));

        await (await NextAsync(listener)).RejectAsync("closed on Sundays").Soon();

        FlowerException e = await Refused(connecting);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("closed on Sundays"));
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Offer_ServerDisposedWhilePending_Unavailable(int credit)
    {
        Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));
        _ = await NextAsync(listener);

        await listener.DisposeAsync();

        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.Unavailable));
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Offer_ServerSessionEndsWhilePending_Unavailable(int credit)
    {
        Handle server = await OpenAsync();
        Listener listener = await server.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));
        IncomingConnection pending = await NextAsync(listener);

        await server.DisposeAsync();

        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That((await Refused(pending.AcceptAsync())).StatusCode, Is.EqualTo(StatusCode.Unavailable));
        await listener.DisposeAsync();
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Offer_ClientGoneWhilePending_IsWithdrawn(int credit)
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        Handle client = await OpenAsync();
        Task<Connection> connecting = client.ConnectAsync(Labels("a=1"));
        IncomingConnection pending = await NextAsync(listener);

        await client.DisposeAsync();

        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Waiting.Until(() => pending.IsWithdrawn, "the offer stands");
        Assert.That((await Refused(pending.AcceptAsync())).StatusCode, Is.EqualTo(StatusCode.Cancelled));
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "a=1");
        atClient.Dispose();
        atServer.Dispose();
    }

    [Test]
    public async Task Offer_ClientsTimeoutPasses_DeadlineExceededAndWithdrawn()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), NoCredit).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"), new() { Timeout = ShortDeadline });
        IncomingConnection pending = await NextAsync(listener);

        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        Waiting.Until(() => pending.IsWithdrawn, "the offer stands");
    }

    [Test]
    public async Task Offer_ClientCancels_OperationCanceledAndWithdrawn()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        using var cancellation = new CancellationTokenSource();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"), null, cancellation.Token);
        IncomingConnection pending = await NextAsync(listener);

        await cancellation.CancelAsync();

        Assert.That(async () => await connecting.Soon(), Throws.InstanceOf<OperationCanceledException>());
        Waiting.Until(() => pending.IsWithdrawn, "the offer stands");
    }

    [Test]
    public async Task Wait_ServerComesLater_BothAreConnected()
    {
        await using Listener unrelated = await Root.ListenAsync(Labels("other=1")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"), new() { Wait = true });
        // The session's calls are handled in order: once this one is answered, the other one waits.
        await Root.ListAsync(LabelSet.Empty).ToListAsync();
        Assert.That(connecting.IsCompleted, Is.False);

        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        using Connection atClient = await connecting.Soon();

        AssertTalk(atClient, atServer);
    }

    [Test]
    public async Task Wait_Timeout_DeadlineExceeded() => Assert.That(
        (await Refused(Root.ConnectAsync(Labels("a=1"), new() { Wait = true, Timeout = ShortDeadline }))).StatusCode,
        Is.EqualTo(StatusCode.DeadlineExceeded));

    [Test]
    public async Task RelatedOnly_NothingInCommon_NotFound()
    {
        await using Listener listener = await Root.ListenAsync(Labels("other=1")).Soon();

        Assert.That(
            (await Refused(Root.ConnectAsync(Labels("a=1"), new() { RelatedOnly = true }))).StatusCode,
            Is.EqualTo(StatusCode.NotFound));
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "a=1");
        atClient.Dispose();
        atServer.Dispose();
    }

    [Test]
    public async Task Connect_1000InARow_NothingLeaks()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        Task serving = ServeAsync(listener, 1000);
        var ledger = new DescriptorLedger();

        for (int i = 0; i < 1000; i++)
        {
            using Connection connection = await Root.ConnectAsync(Labels("a=1")).Soon();
        }

        await serving.Soon();
        ledger.AssertBalanced();
    }

    [Test]
    public async Task Connect_32ClientsAtOnce50Times_EachReachesTheServer()
    {
        const int Clients = 32;
        const int Times = 50;
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        Task serving = ServeAsync(listener, Clients * Times);

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            await using Handle handle = await OpenAsync();
            for (int i = 0; i < Times; i++)
            {
                using Connection connection = await handle.ConnectAsync(Labels("a=1", $"client={client}")).Soon();
                byte[] hello = new byte[8];
                connection.Socket.ReceiveTimeout = 10_000;
                int got = connection.Socket.Receive(hello);
                Assert.That(System.Text.Encoding.ASCII.GetString(hello, 0, got), Is.EqualTo($"{client}"));
            }
        }))).Soon();
        await serving.Soon();
    }

    // Tells each client which one it is.
    private static async Task ServeAsync(Listener listener, int connections)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            using Connection connection = await incoming.AcceptAsync();
            string client = connection.Labels["client"] ?? "";
            if (client.Length > 0)
            {
                connection.Socket.Send(System.Text.Encoding.ASCII.GetBytes(client));
            }

            if (--connections == 0)
            {
                return;
            }
        }
    }
}
