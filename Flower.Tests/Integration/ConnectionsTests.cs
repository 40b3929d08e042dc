// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Which connections a caller is told of, and until when: docs/connections.md.</summary>
internal sealed class ConnectionsTests : BoardFixture
{
    [TestCase(true)]
    [TestCase(false)]
    public async Task Connections_Pair_AppearsAndVanishesWithEitherSide(bool clientCloses)
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1", "b=2")).Soon();
        Assert.That(await AllAsync(Root), Is.Empty);
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "a=1", "c=3");
        using (atClient)
        using (atServer)
        {
            ConnectionInfo info = (await AllAsync(Root)).Single();
            Assert.That(info.Id, Is.EqualTo(IdOf(atClient.Labels)));
            Assert.That(info.Kind, Is.EqualTo(ConnectionKind.Pair));
            Assert.That(info.IsRevocable, Is.False);
            Assert.That(info.Client.Id, Is.EqualTo(Environment.ProcessId));
            Assert.That(info.SocketCookie, Is.EqualTo(SocketIdentity.CookieOf(atClient.Socket.SafeHandle)));
            Assert.That(info.NetworkCookie, Is.EqualTo(SocketIdentity.NetworkOf(atClient.Socket.SafeHandle)));
            Assert.That(Words(info.ClientLabels), Is.EqualTo("a=1 c=3"));
            Assert.That(Words(info.TargetLabels), Is.EqualTo("a=1 b=2"));
            Assert.That(info.TargetLabels["flower.server_pid"], Is.EqualTo($"{Environment.ProcessId}"));

            (clientCloses ? atClient : atServer).Dispose();

            AssertNone();
        }
    }

    [Test]
    public async Task Connections_Filter_NeitherSideContradictsAndOneStates()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "a=1", "tenant=blue");
        using (atClient)
        using (atServer)
        {
            Assert.That(await AllAsync(Root, "a=1"), Has.Count.EqualTo(1));
            Assert.That(await AllAsync(Root, "other=1"), Has.Count.EqualTo(1));
            Assert.That(await AllAsync(Root, "+tenant"), Has.Count.EqualTo(1), "the client states it");
            Assert.That(await AllAsync(Root, "+tenant=blue", "+a=1"), Has.Count.EqualTo(1), "either side");
            Assert.That(await AllAsync(Root, "a=2"), Is.Empty, "the target's");
            Assert.That(await AllAsync(Root, "tenant=red"), Is.Empty, "the client's");
            Assert.That(await AllAsync(Root, "+other"), Is.Empty);
            Assert.That(await AllAsync(Root, "flower.server_uid=4711"), Is.Empty, "what is attested");
        }
    }

    [Test]
    public async Task Connections_NarrowHandle_SeesItsOwnAndWithListWhatItsLabelsAllow()
    {
        await using Handle blind = await Root.ConstrainAsync([Right.ClientConnect], LabelSet.Empty, LabelSet.Empty).Soon();
        await using Handle blue = await NarrowAsync(Root, [], ["tenant=blue"]);
        await using Handle below = await NarrowAsync(blue, [], []);
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Connection of, Connection ofServer) = await ConnectAsync(Root, listener, "a=1", "tenant=red");
        (Connection at, Connection atServer) = await ConnectAsync(below, listener, "a=1");
        (Connection no, Connection noServer) = await ConnectAsync(blind, listener, "a=1");
        using (of)
        using (ofServer)
        using (at)
        using (atServer)
        using (no)
        using (noServer)
        {
            Assert.That(await AllAsync(Root), Has.Count.EqualTo(3));
            Assert.That((await AllAsync(blind)).Select(c => c.Id), Is.EqualTo(new[] { IdOf(no.Labels) }), "no right LIST");
            Assert.That(
                (await AllAsync(blue)).Select(c => c.Id), Is.EqualTo(new[] { IdOf(at.Labels), IdOf(no.Labels) }),
                "not that of the other tenant");
            Assert.That(await AllAsync(blind, "a=2"), Is.Empty);
            FlowerException e = await Refused(AllAsync(blue, "tenant=red"));
            Assert.That(e.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
            Label pinned = await PinnedAsync(below, at);
            Assert.That(pinned.Source, Is.EqualTo(Source.Pinned), "an ancestor's word, for what was made from it");
        }
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Connections_PushedSocket_IsKnownByTheSocketThatTheServerHas(int credit)
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        (Socket outside, Socket accepted) = Tcp();
        using Socket held = outside;
        Task<ConnectionLabels> pushing = Root.PushAsync(accepted, Labels("a=1"));
        Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        await pushing.Soon();
        accepted.Dispose();

        ConnectionInfo info = (await AllAsync(Root)).Single();
        Assert.That(info.Kind, Is.EqualTo(ConnectionKind.Pushed));
        Assert.That(info.SocketCookie, Is.EqualTo(SocketIdentity.CookieOf(atServer.Socket.SafeHandle)));
        Assert.That(info.NetworkCookie, Is.EqualTo(SocketIdentity.NetworkOf(outside.SafeHandle)));

        atServer.Dispose();
        outside.Dispose();
        AssertNone();
    }

    [Test]
    public async Task Connections_PushedOneAfterAnotherWithSomeOtherValues_EachHasItsOwnLabels()
    {
        await using Handle narrow = await NarrowAsync(Root, [], ["z=pinned"]);
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = 128 }).Soon();
        string[][] pushed =
        [
            ["a=1", "b=1", "c=1", "client_port=1"], ["a=1", "b=1", "c=1", "client_port=2"], ["a=1", "b=2", "c=1", "client_port=2"],
            ["a=1", "b=2", "c=2", "client_port=2"], ["a=1", "b=2", "c=1", "client_port=22"], ["a=1", "b=1", "c=1", "client_port=1"],
            ["a=1", "b=1", "c=1"], ["a=1", "b=1", "c=3"],
        ];
        var open = new List<IDisposable>();
        foreach (Handle handle in (Handle[])[Root, narrow])
        {
            foreach (string[] words in pushed)
            {
                (Descriptor given, Descriptor kept) = Pair();
                open.Add(kept);
                Task<ConnectionLabels> pushing = handle.PushDescriptorAsync(given, Labels(words));
                open.Add(await (await NextAsync(listener)).AcceptAsync().Soon());
                await pushing.Soon();
            }
        }

        IEnumerable<string[]> expected = [.. pushed, .. pushed.Select(words => (string[])[.. words, "z=pinned"])];
        Assert.That(
            (await AllAsync(Root)).Select(info => info.ClientLabels
                .Where(label => label.Source != Source.Attested).Select(label => $"{label.Key}={label.Value}")),
            Is.EqualTo(expected));
        open.ForEach(end => end.Dispose());
    }

    [Test]
    public async Task Connections_EgressSocket_IsKnownByTheSocketThatTheClientHas()
    {
        await using Client.Egress egress =
            await Root.StartEgressAsync(Labels("a=1"), new() { FixedDestination = true }).Soon();
        (Socket outside, Socket inside) = Tcp();
        using Socket held = outside;
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));
        await (await NextAsync(egress)).ConnectedAsync(inside).Soon();
        inside.Dispose();
        Connection connection = await connecting.Soon();

        ConnectionInfo info = (await AllAsync(Root)).Single();
        Assert.That(info.Kind, Is.EqualTo(ConnectionKind.EgressSocket));
        Assert.That(info.SocketCookie, Is.EqualTo(SocketIdentity.CookieOf(connection.Socket.SafeHandle)));

        connection.Dispose();
        outside.Dispose();
        AssertNone();
    }

    [Test]
    public async Task Connections_Revocable_OneIdInBoth()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Connection plain, Connection plainServer) = await ConnectAsync(Root, listener, "a=1");
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"), new() { Revocable = true });
        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        using Connection atClient = await connecting.Soon();
        using (plain)
        using (plainServer)
        {
            List<ConnectionInfo> all = await AllAsync(Root);
            ConnectionInfo revocable = (await Root.RevocableConnectionsAsync().ToListAsync()).Single();
            Assert.That(all.Select(c => (c.Id, c.IsRevocable)), Is.EqualTo(
                new[] { (IdOf(plain.Labels), false), (IdOf(atClient.Labels), true) }));
            Assert.That(revocable.Id, Is.EqualTo(IdOf(atClient.Labels)));
            Assert.That(revocable.SocketCookie, Is.EqualTo(all[1].SocketCookie));

            await Root.RevokeConnectionAsync(revocable.Id).Soon();

            Assert.That((await AllAsync(Root)).Where(c => c.IsRevocable), Is.Empty);
        }
    }

    [Test]
    public async Task Connections_6000MadeAndClosed_NothingStays()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        var ledger = new DescriptorLedger();
        for (int i = 0; i < 6000; i++)
        {
            (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "a=1");
            atClient.Dispose();
            atServer.Dispose();
        }

        AssertNone();
        ledger.AssertBalanced();
    }

    private static string Words(ConnectionLabels labels) => string.Join(
        ' ', labels.Where(l => l.Source != Source.Attested).Select(l => $"{l.Key}={l.Value}"));

    private static ulong IdOf(ConnectionLabels labels) =>
        ulong.Parse(labels["flower.connection_id"]!, CultureInfo.InvariantCulture);

    private static Task<List<ConnectionInfo>> AllAsync(Handle handle, params string[] words) =>
        handle.ConnectionsAsync(Labels(words)).ToListAsync().AsTask().Soon();

    private static async Task<Label> PinnedAsync(Handle viewer, Connection connection)
    {
        ConnectionInfo info = (await AllAsync(viewer)).Single(c => c.Id == IdOf(connection.Labels));
        ConnectionLabel label = info.ClientLabels.Single(l => l.Key == "tenant");
        return new Label { Key = label.Key, Value = label.Value, Source = label.Source };
    }

    private static (Socket Outside, Socket Inside) Tcp()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var outside = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        outside.Connect(listener.LocalEndPoint!);
        return (outside, listener.Accept());
    }

    private void AssertNone() => Waiting.Until(
        () => Root.ConnectionsAsync(LabelSet.Empty).ToListAsync().AsTask().Soon().GetAwaiter().GetResult().Count == 0,
        "it is still shown");
}
