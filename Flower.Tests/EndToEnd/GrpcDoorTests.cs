// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>The second socket, with a stock gRPC client.</summary>
public sealed class GrpcDoorTests : EndToEndTest
{
    private GrpcDoor _door = null!;

    [SetUp]
    public void OpenDoor() => _door = new(Board.Admin);

    [TearDown]
    public void CloseDoor() => _door.Dispose();

    [Test]
    public async Task UpdateTargets_OverTheDoor_IsListed()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["program=x"]));

        UpdateTargetsResponse response = await _door.Switchboard.UpdateTargetsAsync(
            new() { Update = new() { Weight = 3, Draining = true } }, deadline: GrpcDoor.Deadline);

        Assert.That(response.Targets, Is.EqualTo(1));
        Target target = (await _door.ListAsync()).Single();
        Assert.That((target.Weight, target.Draining, target.OpenConnections), Is.EqualTo((3u, true, 0u)));
    }

    [Test]
    public async Task Call_Refused_IsToldToThoseWhoWatch()
    {
        await using Handle handle = await Board.OpenAsync();
        await using IAsyncEnumerator<BoardEvent> told = handle.WatchAsync(LabelSet.Empty).GetAsyncEnumerator();
        do
        {
            Assert.That(await told.MoveNextAsync().Within(), Is.True);
        }
        while (told.Current is not SnapshotNotice { HasEnded: true });

        Assert.That(
            async () => await _door.Switchboard.RevokeAsync(new() { HandleId = 4711 }, deadline: GrpcDoor.Deadline),
            Throws.InstanceOf<RpcException>());

        Assert.That(await told.MoveNextAsync().Within(), Is.True);
        var refused = (RefusalNotice)told.Current;
        Assert.That((refused.Method, refused.StatusCode), Is.EqualTo(("Revoke", StatusCode.NotFound)));
        Assert.That(refused.Process.Id, Is.EqualTo(Environment.ProcessId));
    }

    [Test]
    public async Task List_RegisteredServer_IsShown()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=shown", "+tenant");

        Target target = (await _door.ListAsync()).Single();

        Assert.That(target.Kind, Is.EqualTo(TargetKind.Server));
        Assert.That(target.Labels.Single(l => l.Key == "program").Value, Is.EqualTo("shown"));
        Assert.That(target.RequiredKeys, Is.EqualTo(new[] { "tenant" }));
        server.Kill();
        Assert.That(await Patience.UntilAsync(async () => (await _door.ListAsync()).Count == 0), Is.True);
    }

    [Test]
    public async Task Explain_RegisteredServer_IsExplained()
    {
        await Board.FlowerReadyAsync("cat", "-l", "program=shown", "+tenant");
        var request = new ExplainRequest { Labels = LabelSet.ParseWords(["program=shown"]).ToMessage() };

        using AsyncServerStreamingCall<ExplainResponse> call =
            _door.Switchboard.Explain(request, deadline: GrpcDoor.Deadline);
        List<ExplainResponse> parts = await call.ResponseStream.ReadAllAsync().ToListAsync();

        Assert.That((StatusCode)parts[0].Verdict.Code, Is.EqualTo(StatusCode.NotFound));
        Assert.That(parts[0].Verdict.Message, Is.EqualTo("nothing matches program=shown"));
        ExplainedTarget explained = parts.Skip(1).Single().Targets.Single();
        Assert.That(explained.MissingKeys, Is.EqualTo(new[] { "tenant" }));
        Assert.That(explained.Distance, Is.EqualTo(1));
    }

    [Test]
    public async Task Health_Running_IsServing()
    {
        HealthCheckResponse answer =
            await new Health.HealthClient(_door.Channel).CheckAsync(new(), deadline: GrpcDoor.Deadline);

        Assert.That(answer.Status, Is.EqualTo(HealthCheckResponse.Types.ServingStatus.Serving));
    }

    [Test]
    public async Task Reflection_ListServices_NamesTheSwitchboard()
    {
        var client = new ServerReflection.ServerReflectionClient(_door.Channel);
        using AsyncDuplexStreamingCall<ServerReflectionRequest, ServerReflectionResponse> call =
            client.ServerReflectionInfo(deadline: GrpcDoor.Deadline);
        await call.RequestStream.WriteAsync(new() { ListServices = "" });

        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None), Is.True);

        Assert.That(
            call.ResponseStream.Current.ListServicesResponse.Service.Select(s => s.Name),
            Does.Contain("flower.v1.Switchboard").And.Contain("grpc.health.v1.Health"));
        await call.RequestStream.CompleteAsync();
    }

    [Test]
    public async Task ClientConnect_NeedsDescriptor_NamesTheOtherDoor()
    {
        RpcException? refused = await Assert.ThrowsAsync<RpcException>(
            async () => await _door.Switchboard.ClientConnectAsync(new(), deadline: GrpcDoor.Deadline));

        Assert.That(refused!.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(refused.Status.Detail, Does.Contain("handle door").And.Contain("--listen"));
    }
}
