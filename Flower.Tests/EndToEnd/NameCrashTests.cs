// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A resolver whose switchboard is killed: one that keeps its sessions, and one that keeps nothing.</summary>
[Category("EndToEnd")]
internal sealed class NameCrashTests
{
    [Test]
    public async Task Kill_SessionsAreKept_QuestionIsAskedAgain()
    {
        await using ServiceManagerFixture manager = await ServiceManagerFixture.StartAsync();
        await using Handle handle = await manager.OpenAsync();
        await using Client.Resolver resolver = await handle.StartResolverAsync(Labels);

        await AssertAskedAgainAsync(handle, resolver, manager.KillAsync);
    }

    [Test]
    public async Task Kill_NothingIsKept_ResolverIsRegisteredAgain()
    {
        await using var board = new SwitchboardFixture();
        await board.StartAsync();
        await using Handle handle = await board.OpenAsync();
        await using Client.Resolver resolver = await handle.StartResolverAsync(Labels);

        await AssertAskedAgainAsync(handle, resolver, async () =>
        {
            await board.KillDaemonAsync();
            await board.StartAsync();
        });
        await resolver.DisposeAsync();
        await handle.DisposeAsync();
        await board.StopAsync();
    }

    private static LabelSet Labels { get; } = LabelSet.Create([], ["service"]);

    private static async Task AssertAskedAgainAsync(Handle handle, Client.Resolver resolver, Func<Task> kill)
    {
        // Where the client is back before the resolver, it waits for it.
        Task<Connection> connecting = handle.ConnectAsync(LabelSet.Create(("service", "db")), new() { Wait = true });
        ResolverQuestion before = await NextAsync(resolver);

        await kill();

        ResolverQuestion after = await NextAsync(resolver);
        Assert.That(before.Cancelled.IsCancellationRequested, Is.True);
        await Assert.ThrowsAsync<FlowerException>(() => before.AnswerAsync([], TimeSpan.FromHours(1)).Within());
        await after.NoSuchNameAsync().Within();
        FlowerException e = (await Assert.ThrowsAsync<FlowerException>(() => connecting.Within()))!;
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.NotFound));
    }

    private static async Task<ResolverQuestion> NextAsync(Client.Resolver resolver)
    {
        await using IAsyncEnumerator<ResolverQuestion> questions = resolver.GetAsyncEnumerator();
        Assert.That(await questions.MoveNextAsync().Within(), Is.True);
        return questions.Current;
    }
}
