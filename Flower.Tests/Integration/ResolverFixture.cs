// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>A board, and resolvers whose answers the test writes.</summary>
internal abstract class ResolverFixture : BoardFixture
{
    /// <summary>The next question of a resolver.</summary>
    protected static async Task<ResolverQuestion> NextAsync(Client.Resolver resolver)
    {
        await using IAsyncEnumerator<ResolverQuestion> questions = resolver.GetAsyncEnumerator();
        Assert.That(await questions.MoveNextAsync().AsTask().Soon(), Is.True);
        return questions.Current;
    }

    /// <summary>Answers the next question: each text is the labels of one target. The answer is for this question only.</summary>
    protected static async Task AnswerAsync(Client.Resolver resolver, params string[] targets) =>
        await (await NextAsync(resolver)).AnswerAsync(
            [.. targets.Select(words => new ResolvedTarget(Labels(words.Split(' '))))], TimeSpan.Zero).Soon();

    /// <summary>Whatever was asked before would have come before this question, of which nobody has heard yet.</summary>
    protected async Task AssertNotAskedAsync(Client.Resolver resolver)
    {
        string fresh = Guid.NewGuid().ToString();
        Task<Connection> asking = Root.ConnectAsync(Labels("service=" + fresh));
        ResolverQuestion question = await NextAsync(resolver);
        Assert.That(question.Labels["service"], Is.EqualTo(fresh));
        await question.NoSuchNameAsync(TimeSpan.Zero).Soon();
        _ = await Refused(asking);
    }

    /// <summary>It is still asked, and answers.</summary>
    protected Task AssertAliveAsync(Client.Resolver resolver) => AssertNotAskedAsync(resolver);

    /// <summary>Whatever was sent over Root before has been handled.</summary>
    protected async Task SettleAsync() => Assert.That(
        (await Refused(Root.ConnectAsync(Labels("nobody=1"), new() { RelatedOnly = true }))).StatusCode,
        Is.EqualTo(StatusCode.NotFound));
}
