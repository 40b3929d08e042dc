// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Attestation;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>The control group and the unit of both sides: attested where they are known, and demanded.</summary>
internal sealed class AttestationTests : BoardFixture
{
    private static readonly ControlGroup? Own = ControlGroup.Parse(File.ReadAllText("/proc/self/cgroup"));

    private static readonly ConnectOptions Related = new() { RelatedOnly = true };

    [Test]
    public async Task Cgroup_BothSides_AsProcSays()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "a=1");
        atClient.Dispose();
        atServer.Dispose();

        foreach (string side in new[] { "client", "server" })
        {
            Assert.That(atServer.Labels[$"flower.{side}_cgroup"], Is.EqualTo(Own?.Path));
            Assert.That(atServer.Labels[$"flower.{side}_unit"], Is.EqualTo(Own?.Unit));
            Assert.That(atServer.Labels[$"flower.{side}_user_unit"], Is.EqualTo(Own?.UserUnit));
        }
    }

    [Test]
    public async Task Demand_OfTheClientsCgroup_MatchesItAlone()
    {
        Assume.That(Own, Is.Not.Null, "a kernel without control groups of version 2");
        await using Listener mine = await Root.ListenAsync(Labels("a=1", $"flower.client_cgroup={Own!.Path}")).Soon();
        await using Listener other = await Root.ListenAsync(Labels("b=1", "flower.client_cgroup=/elsewhere")).Soon();

        (Connection atClient, Connection atServer) = await ConnectAsync(Root, mine, "a=1");
        atClient.Dispose();
        atServer.Dispose();

        Assert.That(
            (await Refused(Root.ConnectAsync(Labels("b=1"), Related))).StatusCode, Is.EqualTo(StatusCode.NotFound));
        Assert.That(await ListedAsync(), Is.EqualTo(new[] { "a=1" }));
    }

    // This process has no unit of this name, and perhaps none at all: neither may count as the right one.
    [Test]
    public async Task Demand_OfTheClientsUnit_UnknownIsNotEnough()
    {
        await using Listener listener =
            await Root.ListenAsync(Labels("a=1", "flower.client_user_unit=backup.service")).Soon();

        Assert.That((await Refused(Root.ConnectAsync(Labels("a=1")))).StatusCode, Is.EqualTo(StatusCode.NotFound));
        Assert.That(await ListedAsync(), Is.Empty, "what demands others of its clients is hidden");
    }

    [Test]
    public async Task Demand_OfTheServersUnit_UnknownIsNotEnough()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();

        Assert.That(
            (await Refused(Root.ConnectAsync(Labels("a=1", "flower.server_user_unit=backup.service")))).StatusCode,
            Is.EqualTo(StatusCode.NotFound));
        Assert.That(
            (await Refused(Root.ConnectAsync(Labels("a=1", "+flower.server_user_unit")))).StatusCode,
            Is.EqualTo(Own?.UserUnit is null ? StatusCode.NotFound : StatusCode.OK));
    }

    [Test]
    public async Task Demand_OfTheServersCgroupAlone_ConnectsToIt()
    {
        Assume.That(Own, Is.Not.Null, "a kernel without control groups of version 2");
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();

        (Connection atClient, Connection atServer) =
            await ConnectAsync(Root, listener, $"flower.server_cgroup={Own!.Path}");

        AssertTalk(atClient, atServer);
        atClient.Dispose();
        atServer.Dispose();
    }

    [Test]
    public async Task Demand_BesideAsManyLabelsAsThereMayBe_StillLegal()
    {
        string[] words = [.. Enumerable.Range(0, 63).Select(i => $"k{i:00}=v")];
        await using Listener listener =
            await Root.ListenAsync(Labels([.. words, "flower.client_unit=x.service"])).Soon();

        Assert.That(listener.Labels.Count, Is.GreaterThanOrEqualTo(63));
    }

    [Test]
    public async Task Constrain_KeyAboutOneself_PermissionDenied()
    {
        FlowerException refused = await Refused(
            Root.ConstrainAsync(AllRights, Labels("flower.server_unit=a.service"), LabelSet.Empty));

        Assert.That(refused.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(refused.Keys, Is.EqualTo(new[] { "flower.server_unit" }));
    }

    private async Task<string[]> ListedAsync()
    {
        var listed = new List<string>();
        await foreach (TargetInfo target in Root.ListAsync(LabelSet.Empty))
        {
            listed.AddRange(target.Labels.Where(l => l.Source != Source.Attested).Select(l => $"{l.Key}={l.Value}"));
        }

        return [.. listed];
    }
}
