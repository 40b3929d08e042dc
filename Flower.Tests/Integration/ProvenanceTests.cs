// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Tests.Rpc;
using Grpc.Core;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Who stands behind a label, and access control by label: docs/design.md §4.</summary>
internal sealed class ProvenanceTests : BoardFixture
{
    private static string Uid => Syscall.getuid().ToString(CultureInfo.InvariantCulture);

    [Test]
    public async Task Constrained_ByTheReceiversHandle_IsPinned()
    {
        await using Handle client = await NarrowAsync(Root, [], ["tenant=blue"]);
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();

        Assert.That(await SeenByServerAsync(client, listener, "tenant"), Is.EqualTo(Source.Pinned));
    }

    [Test]
    public async Task Constrained_BySiblingsParent_IsPinned()
    {
        await using Handle client = await NarrowAsync(Root, [], ["tenant=blue"]);
        await using Handle server = await NarrowAsync(Root, ["zone=x"], []);
        await using Listener listener = await server.ListenAsync(Labels("a=1")).Soon();

        Assert.That(await SeenByServerAsync(client, listener, "tenant"), Is.EqualTo(Source.Pinned));
    }

    [Test]
    public async Task Constrained_ByItself_IsClaimedForAnotherSession()
    {
        await using Handle stranger = await OpenAsync();
        await using Handle client = await NarrowAsync(stranger, [], ["tenant=blue"]);
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();

        Assert.That(await SeenByServerAsync(client, listener, "tenant"), Is.EqualTo(Source.Claimed));
    }

    [Test]
    public async Task Constrained_ByAChildOfTheReceiversHandle_IsClaimed()
    {
        await using Handle child = await NarrowAsync(Root, [], []);
        await using Handle client = await NarrowAsync(child, [], ["tenant=blue"]);
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();

        Assert.That(await SeenByServerAsync(client, listener, "tenant"), Is.EqualTo(Source.Claimed));
    }

    [Test]
    public async Task Stated_InTheCall_IsClaimed()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();

        Assert.That(await SeenByServerAsync(Root, listener, "a"), Is.EqualTo(Source.Claimed));
    }

    [Test]
    public async Task Attested_Both_AreThisProcess()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "a=1");
        atClient.Dispose();
        atServer.Dispose();

        string pid = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        foreach (ConnectionLabels labels in new[] { atClient.Labels, atServer.Labels })
        {
            Assert.That(labels["flower.client_uid"], Is.EqualTo(Uid));
            Assert.That(labels["flower.server_uid"], Is.EqualTo(Uid));
            Assert.That(labels["flower.client_pid"], Is.EqualTo(pid));
            Assert.That(labels["flower.server_pid"], Is.EqualTo(pid));
            Assert.That(
                labels.Where(l => l.Key.StartsWith("flower.", StringComparison.Ordinal)).Select(l => l.Source),
                Is.All.EqualTo(Source.Attested));
        }
    }

    [Test]
    public async Task Demand_OfTheClientsUid_MatchesThatUserOnly()
    {
        await using Listener mine = await Root.ListenAsync(Labels("a=1", "flower.client_uid=" + Uid)).Soon();
        await using Listener others = await Root.ListenAsync(Labels("b=1", "flower.client_uid=4242")).Soon();

        (Connection atClient, Connection atServer) = await ConnectAsync(Root, mine, "a=1");
        atClient.Dispose();
        atServer.Dispose();

        Assert.That(atServer.Labels["flower.client_uid"], Is.EqualTo(Uid));
        Assert.That(
            (await Refused(Root.ConnectAsync(Labels("b=1"), new() { RelatedOnly = true }))).StatusCode,
            Is.EqualTo(StatusCode.NotFound));
    }

    [Test]
    public async Task Demand_OfTheServersUid_MatchesThatUserOnly()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();

        (Connection atClient, Connection atServer) =
            await ConnectAsync(Root, listener, "a=1", "flower.server_uid=" + Uid);
        atClient.Dispose();
        atServer.Dispose();

        Assert.That(
            (await Refused(Root.ConnectAsync(Labels("a=1", "flower.server_uid=4242")))).StatusCode,
            Is.EqualTo(StatusCode.NotFound));
    }

    [Test]
    public async Task Stating_ReservedKeysAboutOneself_RefusedWithTheKey()
    {
        FlowerException client = await Refused(Root.ConnectAsync(Labels("flower.client_uid=" + Uid)));
        FlowerException server = await Refused(Root.ListenAsync(Labels("flower.server_uid=" + Uid)));
        FlowerException required = await Refused(Root.ListenAsync(Labels("+flower.connection_id")));
        FlowerException handle = await Refused(
            Root.ConstrainAsync(AllRights, LabelSet.Empty, Labels("flower.client_uid=" + Uid)));

        Assert.That(client.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(client.Keys, Is.EqualTo(new[] { "flower.client_uid" }));
        Assert.That(server.Keys, Is.EqualTo(new[] { "flower.server_uid" }));
        Assert.That(required.Keys, Is.EqualTo(new[] { "flower.connection_id" }));
        Assert.That(handle.Keys, Is.EqualTo(new[] { "flower.client_uid" }));
    }

    [Test]
    public async Task Labels_AtTheirLimits_Travel()
    {
        string key = new('k', 256);
        string value = new('v', 4096);
        await using Listener listener = await Root.ListenAsync(LabelSet.Create((key, value))).Soon();
        Task<Connection> connecting = Root.ConnectAsync(LabelSet.Create((key, value), ("e", "")));

        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        using Connection atClient = await connecting.Soon();

        Assert.That(atServer.Labels[key], Is.EqualTo(value));
        Assert.That(atServer.Labels["e"], Is.Empty);
    }

    [Test]
    public async Task Labels_BeyondTheirLimits_InvalidArgumentNamingTheKey()
    {
        await using Flower.Rpc.SessionChannel channel = Flower.Rpc.SessionChannel.ConnectPath(SocketPath);
        var stub = new Flower.Protocol.V1.Switchboard.SwitchboardClient(channel.CreateCallInvoker());
        (string Key, string Value)[] bad =
        [
            ("", ""), ("+a", ""), ("a=b", ""), ("a\n", ""), (new string('k', 257), ""), ("a", new string('v', 4097)), ("a", "\0"),
        ];
        foreach ((string key, string value) in bad)
        {
            var labels = new Labels { Labels_ = { new Label { Key = key, Value = value } } };
            Assert.That(
                (await stub.ClientConnectAsync(new() { Labels = labels }).Failure()).StatusCode,
                Is.EqualTo(StatusCode.InvalidArgument),
                $"{key}={value}");
        }

        var twice = new Labels { Labels_ = { new Label { Key = "a" }, new Label { Key = "a" } } };
        Assert.That(
            (await stub.ClientConnectAsync(new() { Labels = twice }).Failure()).StatusCode,
            Is.EqualTo(StatusCode.InvalidArgument));
        var many = new Labels { Labels_ = { Enumerable.Range(0, 65).Select(i => new Label { Key = $"{i}" }) } };
        Assert.That(
            (await stub.ClientConnectAsync(new() { Labels = many }).Failure()).StatusCode,
            Is.EqualTo(StatusCode.InvalidArgument));
        var large = new Labels
        {
            Labels_ = { Enumerable.Range(0, 5).Select(i => new Label { Key = $"{i}", Value = new string('v', 4000) }) },
        };
        Assert.That(
            (await stub.ClientConnectAsync(new() { Labels = large }).Failure()).StatusCode,
            Is.EqualTo(StatusCode.InvalidArgument));
    }

    private static async Task<Source> SeenByServerAsync(Handle client, Listener listener, string key)
    {
        (Connection atClient, Connection atServer) = await ConnectAsync(client, listener, "a=1");
        atClient.Dispose();
        atServer.Dispose();
        return atServer.Labels.Single(l => l.Key == key).Source;
    }
}
