// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Tests.Rpc;
using Grpc.Core;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Sessions under a configuration that names this very process.</summary>
internal sealed class GrantTests : BoardFixture
{
    protected override string Configuration => $$"""
        { "grants": [ {
          "who": "user:{{Syscall.geteuid()}}",
          "rights": ["client-connect", "server-start", "list"],
          "in": { "env": "prod" },
          "out": { "env": "prod", "zone": "a" }
        } ] }
        """;

    [Test]
    public async Task Labels_OfTheGrant_ArePinnedForEverybody()
    {
        await using Handle other = await OpenAsync();
        await using Listener listener = await Root.ListenAsync(Labels("a=1", "zone=a")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(other, listener, "a=1");
        atClient.Dispose();
        atServer.Dispose();

        foreach (ConnectionLabels labels in new[] { atClient.Labels, atServer.Labels })
        {
            Assert.That(SourceOf("env", labels), Is.EqualTo(Source.Pinned));
            Assert.That(SourceOf("a", labels), Is.EqualTo(Source.Claimed));
        }

        Assert.That(SourceOf("zone", atServer.Labels), Is.EqualTo(Source.Pinned), "the client's word is the grant's");
        Assert.That(SourceOf("zone", atClient.Labels), Is.EqualTo(Source.Claimed), "the server chose it");
    }

    [Test]
    public async Task Rights_BeyondTheGrant_Refused()
    {
        FlowerException egress = await Refused(Root.StartEgressAsync(Labels("+address_family")));
        FlowerException wider = await Refused(Root.ConstrainAsync(AllRights, LabelSet.Empty, LabelSet.Empty));
        FlowerException contradicts = await Refused(Root.ListenAsync(Labels("env=test")));

        Assert.That(egress.Rights, Is.EqualTo(new[] { Right.EgressStart }));
        Assert.That(wider.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(contradicts.Keys, Is.EqualTo(new[] { "env" }));
    }

    [Test]
    public async Task Demands_ByConstrain_HoldForWhatItRegisters()
    {
        await using Handle strict = await Root.ConstrainAsync(
            [Right.ServerStart], Labels("flower.client_uid=4242"), LabelSet.Empty).Soon();
        await using Handle picky = await Root.ConstrainAsync(
            [Right.ClientConnect], LabelSet.Empty, Labels("flower.server_uid=4242")).Soon();
        await using Listener hidden = await strict.ListenAsync(Labels("a=1")).Soon();
        await using Listener open = await Root.ListenAsync(Labels("b=1")).Soon();

        Assert.That(
            (await Refused(Root.ConnectAsync(Labels("a=1"), new() { RelatedOnly = true }))).StatusCode,
            Is.EqualTo(StatusCode.NotFound));
        Assert.That((await Refused(picky.ConnectAsync(Labels("b=1")))).StatusCode, Is.EqualTo(StatusCode.NotFound));
    }

    private static Source SourceOf(string key, ConnectionLabels labels) => labels.Single(l => l.Key == key).Source;
}
