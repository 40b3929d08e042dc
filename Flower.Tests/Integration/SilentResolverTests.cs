// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Resolvers that hang.</summary>
internal sealed class SilentResolverTests : ResolverFixture
{
    protected override TimeSpan QuestionDeadline => TimeSpan.FromSeconds(1);

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
        Assert.That(e.Message, Does.Contain("1 seconds"));
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
}
