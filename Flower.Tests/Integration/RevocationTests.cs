// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>What ends when a handle is revoked, at every stage of a connect: docs/handles.md.</summary>
internal sealed class RevocationTests : BoardFixture
{
    private static readonly ListenOptions NoCredit = new() { Credit = 0 };

    [Test]
    public async Task Revoke_Handle_EndsItAndAllThatWasMadeFromIt()
    {
        await using Handle child = await NarrowAsync(Root, [], []);
        await using Handle grandchild = await NarrowAsync(child, [], []);
        await using Listener listener = await grandchild.ListenAsync(Labels("a=1")).Soon();
        ulong id = await IdOfAsync(child);

        RevokeResult result = await Root.RevokeAsync(id).Soon();

        Assert.That(result, Is.EqualTo(new RevokeResult(2, 2, 1, 0)));
        Assert.That(await Root.ListAsync(LabelSet.Empty).ToListAsync(), Is.Empty);
        Assert.That((await HandlesAsync(Root)).Select(handle => handle.Parent), Is.All.Null);
        await child.Closed.Soon();
        await grandchild.Closed.Soon();
        foreach (Handle handle in new[] { child, grandchild })
        {
            FlowerException e = await Refused(handle.ConnectAsync(Labels("a=1")));
            Assert.That(e.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
            Assert.That(e.Message, Does.Contain("the handle was revoked"));
        }
    }

    [Test]
    public async Task Revoke_SharedDescriptor_AnswersNothingMore()
    {
        using Descriptor descriptor = await Root.ConstrainToDescriptorAsync(AllRights, LabelSet.Empty, LabelSet.Empty).Soon();
        string address = $"fd:{(int)descriptor.DangerousGetHandle()}";
        await using Handle one = await Handle.OpenAsync(address);
        ulong id = await IdOfAsync(one);

        RevokeResult result = await Root.RevokeAsync(id).Soon();

        Assert.That(result, Is.EqualTo(new RevokeResult(1, 2, 0, 0)), "its own socket, and the session over it");
        FlowerException e = await Refused(Handle.OpenAsync(address));
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(await Root.ListAsync(LabelSet.Empty).ToListAsync(), Is.Empty);
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Revoke_ClientWhileOffered_OfferIsWithdrawn(int credit)
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        await using Handle client = await NarrowAsync(Root, [], []);
        Task<Connection> connecting = client.ConnectAsync(Labels("a=1"));
        IncomingConnection pending = await NextAsync(listener);

        await Root.RevokeAsync(await IdOfAsync(client)).Soon();

        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Waiting.Until(() => pending.IsWithdrawn, "the offer stands");
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "a=1");
        atClient.Dispose();
        atServer.Dispose();
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Revoke_ServerWhileOffered_ClientIsUnavailable(int credit)
    {
        await using Handle server = await NarrowAsync(Root, [], []);
        await using Listener listener = await server.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));
        IncomingConnection pending = await NextAsync(listener);

        await Root.RevokeAsync(await IdOfAsync(server)).Soon();

        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That((await Refused(pending.AcceptAsync())).StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Revoke_IngressWhileOffered_SocketIsClosed(int credit)
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        await using Handle ingress = await NarrowAsync(Root, [], []);
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;
        Task<ConnectionLabels> pushing = ingress.PushDescriptorAsync(given, Labels("a=1"));
        IncomingConnection pending = await NextAsync(listener);

        await Root.RevokeAsync(await IdOfAsync(ingress)).Soon();

        Assert.That((await Refused(pushing)).StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Waiting.Until(() => pending.IsWithdrawn, "the offer stands");
        AssertClosed(kept);
    }

    [Test]
    public async Task Revoke_BeforeTheOffer_WaiterIsRefused()
    {
        await using Handle client = await NarrowAsync(Root, [], []);
        Task<Connection> connecting = client.ConnectAsync(Labels("a=1"), new() { Wait = true });
        await client.ListAsync(LabelSet.Empty).ToListAsync();

        await Root.RevokeAsync(await IdOfAsync(client)).Soon();

        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), NoCredit).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "a=1", "n=2");
        using (atClient)
        using (atServer)
        {
            Assert.That(atServer.Labels["n"], Is.EqualTo("2"), "nobody else is offered");
        }
    }

    [Test]
    public async Task Revoke_EgressWhileAsked_ClientIsUnavailableAndTheSocketIsClosed()
    {
        await using Handle handle = await NarrowAsync(Root, [], []);
        await using Client.Egress egress =
            await handle.StartEgressAsync(Labels("a=1"), new() { FixedDestination = true }).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));
        EgressRequest request = await NextAsync(egress);
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;

        await Root.RevokeAsync(await IdOfAsync(handle)).Soon();

        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.Unavailable));
        _ = await Refused(request.ConnectedDescriptorAsync(given));
        AssertClosed(kept);
    }

    // The answer, the revocation and the client's end of the pair meet in the same turns of the loop.
    [TestCase(true)]
    [TestCase(false)]
    public async Task Revoke_WhileAccepting_EitherConnectedOrRefused(bool revokeClient)
    {
        for (int i = 0; i < 40; i++)
        {
            await using Handle client = await NarrowAsync(Root, [], []);
            await using Handle server = await NarrowAsync(Root, [], []);
            await using Listener listener = await server.ListenAsync(Labels("a=1"), NoCredit).Soon();
            ulong id = await IdOfAsync(revokeClient ? client : server);
            Task<Connection> connecting = client.ConnectAsync(Labels("a=1"));
            Task<Connection> accepting = (await NextAsync(listener)).AcceptAsync();
            Task<RevokeResult> revoking = Root.RevokeAsync(id);

            Connection? atClient = await ConnectedOrRefused(connecting);
            Connection? atServer = await ConnectedOrRefused(accepting);
            Assert.That((await revoking.Soon()).Handles, Is.EqualTo(1));

            using (atClient)
            using (atServer)
            {
                if (atClient is not null && atServer is not null)
                {
                    AssertTalk(atClient, atServer);
                }
                else if ((atClient ?? atServer) is { } lonely)
                {
                    lonely.Socket.ReceiveTimeout = 10_000;
                    Assert.That(lonely.Socket.Receive(new byte[1]), Is.Zero, "the other end is still open somewhere");
                }
            }
        }
    }

    [Test]
    public async Task Revoke_ConnectionsThatWereMade_LiveOn()
    {
        await using Handle client = await NarrowAsync(Root, [], []);
        await using Handle server = await NarrowAsync(Root, [], []);
        await using Listener listener = await server.ListenAsync(Labels("a=1")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(client, listener, "a=1");

        await Root.RevokeAsync(await IdOfAsync(client)).Soon();
        await Root.RevokeAsync(await IdOfAsync(server)).Soon();

        using (atClient)
        using (atServer)
        {
            AssertTalk(atClient, atServer);
        }
    }

    [Test]
    public async Task Revoke_OverAConstrainedHandle_StrictlyWhatWasMadeFromIt()
    {
        await using Handle mine = await NarrowAsync(Root, [], []);
        await using Handle other = await NarrowAsync(Root, [], []);
        await using Handle below = await mine.ConstrainAsync([], LabelSet.Empty, Labels("deep=1")).Soon();
        ulong mineId = await IdOfAsync(mine);
        ulong otherId = await IdOfAsync(other);

        List<HandleInfo> seen = await HandlesAsync(mine);

        Assert.That(seen.Single().OutLabels, Is.EqualTo(Labels("deep=1")));
        Assert.That(seen.Single().Parent, Is.EqualTo(mineId));
        Assert.That(seen.Single().Rights, Is.Empty);
        foreach (ulong hidden in new[] { mineId, otherId, 1UL, ulong.MaxValue })
        {
            Assert.That((await Refused(mine.RevokeAsync(hidden))).StatusCode, Is.EqualTo(StatusCode.NotFound));
        }

        await mine.RevokeAsync(seen.Single().Id).Soon();
        await below.Closed.Soon();
        Assert.That(await HandlesAsync(mine), Is.Empty);
        Assert.That(await HandlesAsync(Root), Has.Count.EqualTo(3), "its own session, and two that were made from it");
    }

    [Test]
    public async Task Revoke_OwnHandle_FailedPrecondition()
    {
        ulong own = (await HandlesAsync(Root)).Single().Id;

        FlowerException e = await Refused(Root.RevokeAsync(own));

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(await HandlesAsync(Root), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Revoke_AnotherSessionByPath_IsNotOpenedAgain()
    {
        await using Handle stuck = await OpenAsync();
        await using Listener listener = await stuck.ListenAsync(Labels("a=1")).Soon();
        ulong own = (await HandlesAsync(Root)).Single(handle => handle.Targets == 0).Id;
        ulong id = (await HandlesAsync(Root)).Single(handle => handle.Id != own).Id;

        await Root.RevokeAsync(id).Soon();

        await stuck.Closed.Soon();
        Assert.That(stuck.Failure!.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That((await HandlesAsync(Root)).Single().Id, Is.EqualTo(own));
    }

    [Test]
    public async Task Handles_Live_TellWhoAndWhat()
    {
        await using Handle narrow = await Root.ConstrainAsync(
            [Right.ServerStart, Right.ClientConnect], Labels("tenant=blue"), Labels("+zone")).Soon();
        await using Listener listener = await narrow.ListenAsync(Labels("a=1")).Soon();

        HandleInfo handle = (await HandlesAsync(Root)).Single(h => h.Parent is not null);

        Assert.That(handle.Rights, Is.EquivalentTo(new[] { Right.ServerStart, Right.ClientConnect }));
        Assert.That(handle.InLabels, Is.EqualTo(Labels("tenant=blue")));
        Assert.That(handle.OutLabels, Is.EqualTo(Labels("+zone")));
        Assert.That(handle.Maker.Id, Is.EqualTo(Environment.ProcessId));
        Assert.That(handle.Owners.Single(), Is.EqualTo(handle.Maker));
        Assert.That(handle.Sessions, Is.EqualTo(1));
        Assert.That(handle.Targets, Is.EqualTo(1));
        Assert.That(handle.Age, Is.GreaterThanOrEqualTo(TimeSpan.Zero).And.LessThan(TimeSpan.FromMinutes(1)));
    }

    [Test]
    public async Task Handles_Many_EachOnceInTheOrderOfTheirIds()
    {
        const int Many = 700;
        var made = new List<Descriptor>();
        for (int i = 0; i < Many; i++)
        {
            made.Add(await Root.ConstrainToDescriptorAsync([], LabelSet.Empty, Labels($"n={i}", "long=" + new string('x', 200))).Soon());
        }

        var ids = new List<ulong>();
        await foreach (HandleInfo handle in Root.HandlesAsync())
        {
            ids.Add(handle.Id);
            if (ids.Count == 100)
            {
                // What is gone before the walk comes to it is not told, and nothing else is lost.
                made[^1].Dispose();
                made[0].Dispose();
            }
        }

        Assert.That(ids, Is.Ordered.Ascending);
        Assert.That(ids, Is.Unique);
        Assert.That(ids, Has.Count.InRange(Many, Many + 1));
        made.ForEach(descriptor => descriptor.Dispose());
        Waiting.Until(() => HandlesAsync(Root).Result.Count == 1, "handles that nobody holds are still live");
    }

    [Test]
    public async Task Revoke_ParentOfADeadHandle_LeavesNothing()
    {
        await using Handle top = await NarrowAsync(Root, [], []);
        Handle middle = await NarrowAsync(top, [], []);
        await using Handle bottom = await NarrowAsync(middle, [], []);
        await middle.DisposeAsync();
        ulong id = await IdOfAsync(top);

        RevokeResult result = await Root.RevokeAsync(id).Soon();

        Assert.That(result.Handles, Is.EqualTo(3));
        await bottom.Closed.Soon();
        Assert.That(await HandlesAsync(Root), Has.Count.EqualTo(1));
    }

    private static async Task<Connection?> ConnectedOrRefused(Task<Connection> connecting)
    {
        try
        {
            return await connecting.Soon();
        }
        catch (FlowerException)
        {
            return null;
        }
    }

    private static Task<List<HandleInfo>> HandlesAsync(Handle handle) => handle.HandlesAsync().ToListAsync().AsTask().Soon();

    // A handle does not know its own id, but one that is made from it names its parent.
    private async Task<ulong> IdOfAsync(Handle handle)
    {
        ulong id;
        using (Descriptor mark = await handle.ConstrainToDescriptorAsync([], Labels("mark=1"), LabelSet.Empty).Soon())
        {
            id = (await MarkedAsync()).Single().Parent!.Value;
        }

        // What was received is closed by another thread: until the switchboard knows, the mark counts as made from the handle.
        Waiting.Until(() => !MarkedAsync().Result.Any(), "the mark stays");
        return id;
    }

    private async Task<IEnumerable<HandleInfo>> MarkedAsync() =>
        (await HandlesAsync(Root)).Where(live => live.InLabels["mark"] == "1");
}
