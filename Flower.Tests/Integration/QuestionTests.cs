// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>What a resolver is asked, for whom, and how often.</summary>
internal sealed class QuestionTests : ResolverFixture
{
    [Test]
    public async Task Question_SameAtTheSameTime_IsAskedOnceAndTheAnswerHolds()
    {
        await using Listener listener = await Root.ListenAsync(Labels("app=db")).Soon();
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        Task<Connection>[] connecting =
            [.. Enumerable.Range(0, 50).Select(_ => Root.ConnectAsync(Labels("service=db")))];
        ResolverQuestion question = await NextAsync(resolver);
        await SettleAsync();

        await question.AnswerAsync([new(Labels("app=db"))], TimeSpan.FromHours(1)).Soon();

        Task<Connection> later = Root.ConnectAsync(Labels("service=db"));
        for (int i = 0; i <= connecting.Length; i++)
        {
            using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        }

        foreach (Task<Connection> connection in connecting.Append(later))
        {
            (await connection.Soon()).Dispose();
        }

        await AssertNotAskedAsync(resolver);
    }

    [Test]
    public async Task Question_OneOfTwoCallersLeaves_TheOtherGetsTheAnswer()
    {
        await using Listener listener = await Root.ListenAsync(Labels("app=db")).Soon();
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        Handle one = await OpenAsync();
        Task<Connection> leaving = one.ConnectAsync(Labels("service=db"));
        ResolverQuestion question = await NextAsync(resolver);
        Task<Connection> staying = Root.ConnectAsync(Labels("service=db"));
        await SettleAsync();

        await one.DisposeAsync();
        _ = await Refused(leaving);
        await question.AnswerAsync([new(Labels("app=db"))], TimeSpan.Zero).Soon();

        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        using Connection atClient = await staying.Soon();
        Assert.That(question.Cancelled.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task Question_AllCallersLeave_IsWithdrawn()
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        Handle client = await OpenAsync();
        Task<Connection> connecting = client.ConnectAsync(Labels("service=db"));
        ResolverQuestion question = await NextAsync(resolver);

        await client.DisposeAsync();

        _ = await Refused(connecting);
        Waiting.Until(() => question.Cancelled.IsCancellationRequested, "the question was not withdrawn");
        await question.AnswerAsync([new(Labels("app=db"))], TimeSpan.FromHours(1)).Soon();
        await AssertAliveAsync(resolver);
    }

    [Test]
    public async Task NoSuchName_WhileItHolds_IsNotAskedAgain()
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=db"));
        await (await NextAsync(resolver)).NoSuchNameAsync(TimeSpan.FromSeconds(30)).Soon();
        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.NotFound));

        Assert.That((await Refused(Root.ConnectAsync(Labels("service=db")))).StatusCode, Is.EqualTo(StatusCode.NotFound));

        await AssertNotAskedAsync(resolver);
    }
}
