// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Resolvers that lie, or answer too much.</summary>
internal sealed class LyingResolverTests : ResolverFixture
{
    [TestCase("flower.client_uid=0")]
    [TestCase("flower.connection_id=1")]
    public async Task Answer_ReservedLabels_EndsTheResolver(string label)
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        Task<Connection> asking = Root.ConnectAsync(Labels("service=db"));

        await AnswerAsync(resolver, label);

        await AssertEndedAsync(resolver, asking, "labels that break a rule");
    }

    [Test]
    public async Task Answer_AMillionTargets_EndsTheResolverAndNothingElse()
    {
        ResolvedTarget[] million = [.. Enumerable.Range(0, 1_000_000).Select(_ => new ResolvedTarget(Labels("app=db")))];
        await using Handle other = await OpenAsync();
        await using Client.Resolver resolver = await other.StartResolverAsync(Labels("+service")).Soon();
        Task<Connection> asking = Root.ConnectAsync(Labels("service=db"));
        ResolverQuestion question = await NextAsync(resolver);

        _ = await Refused(question.AnswerAsync(million, TimeSpan.FromHours(1)));

        await AssertEndedAsync(resolver, asking, "more than 1000 targets");
        await using Client.Resolver next = await Root.StartResolverAsync(Labels("+service")).Soon();
        await AssertAliveAsync(next);
    }

    // The resolver learns why; who asked learns that it has gone.
    private static async Task AssertEndedAsync(Client.Resolver resolver, Task asking, string why)
    {
        FlowerException e = await Refused(asking);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("went away"));
        FlowerException ended = await Refused(Task.Run(async () =>
        {
            await foreach (ResolverQuestion _ in resolver)
            {
            }
        }));
        Assert.That(ended.StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
        Assert.That(ended.Message, Does.Contain(why));
    }
}
