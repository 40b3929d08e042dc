// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Resolvers that hang, lie, or answer too much.</summary>
internal sealed class ResolverTroubleTests : ResolverFixture
{
    protected override TimeSpan QuestionDeadline => ShortDeadline;

    [Test]
    public async Task Silent_OnlyThoseWhoNeedItFail()
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        await using Listener listener = await Root.ListenAsync(Labels("app=db")).Soon();
        Task<Connection> asking = Root.ConnectAsync(Labels("service=db"));
        ResolverQuestion question = await NextAsync(resolver);

        (Connection atClient, Connection atServer) = await ConnectAsync(Root, listener, "app=db");
        atClient.Dispose();
        atServer.Dispose();

        FlowerException e = await Refused(asking);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        Assert.That(e.Message, Does.Contain("0.2 seconds"));
        Waiting.Until(() => question.Cancelled.IsCancellationRequested, "the question stands");
    }

    [Test]
    public async Task Silent_AnotherMatchesAsWell_ItIsAskedAndComesFirstFromThenOn()
    {
        await using Client.Resolver silent = await Root.StartResolverAsync(Labels("zone=a", "+service")).Soon();
        await using Client.Resolver second = await Root.StartResolverAsync(Labels("zone=b", "+service")).Soon();
        Task<Connection> asking = Root.ConnectAsync(Labels("service=db"));
        _ = await NextAsync(silent);
        await (await NextAsync(second)).NoSuchNameAsync(TimeSpan.Zero).Soon();

        // That one could not say means more than that the other has no such name.
        Assert.That((await Refused(asking)).StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));

        await using Listener listener = await Root.ListenAsync(Labels("app=db")).Soon();
        Task<Connection> again = Root.ConnectAsync(Labels("service=other"));
        await AnswerAsync(second, "app=db");
        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        using Connection atClient = await again.Soon();
    }

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
        await using Handle other = await OpenAsync();
        await using Client.Resolver resolver = await other.StartResolverAsync(Labels("+service")).Soon();
        Task<Connection> asking = Root.ConnectAsync(Labels("service=db"));
        ResolverQuestion question = await NextAsync(resolver);

        ResolvedTarget[] million = [.. Enumerable.Range(0, 1_000_000).Select(_ => new ResolvedTarget(Labels("app=db")))];
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
