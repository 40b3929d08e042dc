// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>What a connect would be answered, and that it is: docs/explain.md.</summary>
internal sealed class ExplainTests : ResolverFixture
{
    private static IEnumerable<TestCaseData> Failures()
    {
        yield return Case("NotFound", StatusCode.NotFound, "service=nowhere", related: true);
        yield return Case("NotFound_Required", StatusCode.NotFound, "+nobody=1");
        yield return Case("Ambiguous", StatusCode.FailedPrecondition, "service=two");
        yield return Case("Contradiction", StatusCode.PermissionDenied, "tenant=b service=two");
        yield return Case("Reserved", StatusCode.PermissionDenied, "flower.client_uid=1 service=two");
        yield return Case("Drains", StatusCode.Unavailable, "service=drained", related: true);
        yield return Case("SeveralDrain", StatusCode.Unavailable, "service=all-drained", related: true);
    }

    [TestCaseSource(nameof(Failures))]
    public async Task Explain_ConnectWouldFail_SaysWhatTheConnectSays(string words, bool related, StatusCode status)
    {
        await using Handle handle = await NarrowAsync(Root, [], ["tenant=a"]);
        var listeners = new List<Listener>();
        foreach ((string labels, bool draining) in new[]
        {
            ("service=two instance=1", false), ("service=two instance=2", false), ("service=drained", true),
            ("service=all-drained instance=1", true), ("service=all-drained instance=2", true),
        })
        {
            listeners.Add(await Root.ListenAsync(Labels(labels.Split(' ')), new() { Draining = draining }).Soon());
        }

        LabelSet request = Labels(words.Split(' '));
        FlowerException refused =
            await Refused(handle.ConnectAsync(request, new() { RelatedOnly = related }));
        Explanation explanation = await handle.ExplainAsync(request, new() { RelatedOnly = related }).Soon();
        FlowerException pushed = await Refused(PushAsync(handle, request, related));
        Explanation ingress =
            await handle.ExplainAsync(request, new() { Ingress = true, RelatedOnly = related }).Soon();

        Assert.That(refused.StatusCode, Is.EqualTo(status));
        AssertSame(explanation, refused);
        AssertSame(ingress, pushed);
        Assert.That(explanation.Labels["tenant"], Is.EqualTo("a"));
        Assert.That(explanation.TargetCount, Is.EqualTo(listeners.Count));
        foreach (Listener listener in listeners)
        {
            await listener.DisposeAsync();
        }
    }

    [Test]
    public async Task Explain_RightIsMissing_SaysWhatTheConnectSaysAndExplainsTheTargets()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=s")).Soon();
        await using Handle handle = await Root.ConstrainAsync([Right.List], LabelSet.Empty, LabelSet.Empty).Soon();

        FlowerException refused = await Refused(handle.ConnectAsync(Labels("service=s")));
        Explanation explanation = await handle.ExplainAsync(Labels("service=s")).Soon();
        Explanation ingress = await handle.ExplainAsync(Labels("service=s"), new() { Ingress = true }).Soon();

        AssertSame(explanation, refused);
        Assert.That(explanation.Rights, Is.EqualTo(new[] { Right.ClientConnect }));
        Assert.That(ingress.Rights, Is.EqualTo(new[] { Right.IngressConnect }));
        Assert.That(explanation.Targets.Single().Standing, Is.EqualTo(Standing.Best));
    }

    [Test]
    public async Task Explain_WithoutList_IsRefusedAndNamesIt()
    {
        await using Handle handle =
            await Root.ConstrainAsync([Right.ClientConnect], LabelSet.Empty, LabelSet.Empty).Soon();

        FlowerException refused = await Refused(handle.ExplainAsync(Labels("service=s")));

        Assert.That(refused.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(refused.Rights, Is.EqualTo(new[] { Right.List }));
    }

    [Test]
    public async Task Explain_NarrowHandle_TellsOfWhatListShows()
    {
        await using Handle narrow = await NarrowAsync(Root, [], ["+tenant=a"]);
        string otherUser = $"flower.client_uid={Mono.Unix.Native.Syscall.geteuid() + 1}";
        await using Listener mine = await Root.ListenAsync(Labels("service=s", "tenant=a")).Soon();
        await using Listener other = await Root.ListenAsync(Labels("service=s", "tenant=b")).Soon();
        await using Listener none = await Root.ListenAsync(Labels("service=t")).Soon();
        await using Listener demanding = await Root.ListenAsync(Labels("service=u", "tenant=a", otherUser)).Soon();

        Explanation narrowly = await narrow.ExplainAsync(Labels("service=x")).Soon();
        Explanation widely = await Root.ExplainAsync(Labels("service=x")).Soon();

        Assert.That(Services(narrowly), Is.EqualTo(new[] { "s" }));
        Assert.That(
            Services(narrowly),
            Is.EqualTo((await narrow.ListAsync(LabelSet.Empty).ToListAsync()).Select(t => t.Labels["service"])));
        Assert.That(Services(widely), Is.EquivalentTo(new[] { "s", "s", "t" }));
    }

    [Test]
    public async Task Explain_EachKindOfMiss_IsNamed()
    {
        await using Listener value = await Root.ListenAsync(Labels("service=other")).Soon();
        await using Listener required = await Root.ListenAsync(Labels("service=s", "a=1", "+color")).Soon();
        await using Listener unmet = await Root.ListenAsync(Labels("service=s", "b=1")).Soon();
        await using Listener unrelated = await Root.ListenAsync(Labels("c=1", "zone=z")).Soon();
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("+address_family", "d=1")).Soon();

        Explanation explanation = await Root.ExplainAsync(Labels("service=s", "+zone=z"), new() { Ingress = true }).Soon();

        Assert.That(explanation.StatusCode, Is.EqualTo(StatusCode.OK));
        TargetExplanation Of(string key) => explanation.Targets.Single(t => t.Target.Labels[key] is not null);
        Assert.That(Of("c").Standing, Is.EqualTo(Standing.Best));
        Assert.That(Of("c").Rank, Is.EqualTo(Rank.Related));
        Assert.That(Of("a").MissingKeys, Is.EqualTo(new[] { "color" }));
        Assert.That(Of("a").UnmetKeys, Is.EqualTo(new[] { "zone" }));
        Assert.That(Of("a").Distance, Is.EqualTo(2));
        Assert.That(Of("b").UnmetKeys, Is.EqualTo(new[] { "zone" }));
        Assert.That(Of("b").Distance, Is.EqualTo(1));
        Assert.That(Of("d").Obstacle, Is.EqualTo(Obstacle.TakesNoIngress));
        Assert.That(Of("d").Distance, Is.Null);
        Assert.That(
            explanation.Targets.Single(t => t.Target.Labels["service"] == "other").Contradictions,
            Is.EqualTo(new[] { new LabelContradiction("service", "s", "other") }));
        Assert.That(explanation.Targets.Select(t => t.Distance ?? int.MaxValue), Is.Ordered);
    }

    [Test]
    public async Task Explain_SeveralMatch_SaysWhichIsOutrankedByWhich()
    {
        await using Handle handle = await NarrowAsync(Root, [], ["tenant=a"]);
        await using Listener best = await Root.ListenAsync(Labels("service=s", "zone=z")).Soon();
        await using Listener beaten = await Root.ListenAsync(Labels("service=s", "tenant=a")).Soon();
        await using Listener related = await Root.ListenAsync(Labels("zone=z", "more=m")).Soon();
        await using Listener unrelated = await Root.ListenAsync(Labels("other=o")).Soon();

        Explanation explanation = await handle.ExplainAsync(Labels("service=s", "zone=z")).Soon();

        Assert.That(explanation.StatusCode, Is.EqualTo(StatusCode.OK));
        Assert.That(explanation.Targets.Select(t => (t.Standing, t.Rank)), Is.EqualTo(new[]
        {
            (Standing.Best, Rank.Stated), (Standing.Outranked, Rank.Stated),
            (Standing.Outranked, Rank.Related), (Standing.Outranked, Rank.Unrelated),
        }));
        Assert.That(explanation.Targets[0].OutrankedBy, Is.Null);
        Assert.That(explanation.Targets.Skip(1).Select(t => t.OutrankedBy!["zone"]), Is.All.EqualTo("z"));
    }

    [Test]
    public async Task Explain_Balance_TakesNobodysTurn()
    {
        await using Listener one = await Root.ListenAsync(Labels("service=s", "instance=1")).Soon();
        await using Listener two = await Root.ListenAsync(Labels("service=s", "instance=2")).Soon();
        await using Listener idle = await Root.ListenAsync(Labels("service=s", "instance=3"), new() { Weight = 0 }).Soon();
        var turns = new List<string>();
        for (int i = 0; i < 4; i++)
        {
            Explanation explanation =
                await Root.ExplainAsync(Labels("service=s"), new() { Balance = Balance.RoundRobin }).Soon();
            Assert.That(explanation.StatusCode, Is.EqualTo(StatusCode.OK));
            Assert.That(
                explanation.Targets.Select(t => (t.Target.Labels["instance"], t.Standing)),
                Is.EqualTo(new[] { ("1", Standing.Equal), ("2", Standing.Equal), ("3", Standing.LastResort) }));

            Task<Connection> connecting =
                Root.ConnectAsync(Labels("service=s"), new() { Balance = Balance.RoundRobin });
            Listener next = i % 2 == 0 ? one : two;
            using Connection atServer = await (await NextAsync(next)).AcceptAsync().Soon();
            using Connection atClient = await connecting.Soon();
            turns.Add(atClient.Labels["instance"]!);
        }

        Assert.That(turns, Is.EqualTo(new[] { "1", "2", "1", "2" }));
    }

    [Test]
    public async Task Explain_ManyTargets_EachOnceAndTheNearestFirst()
    {
        const int Count = 300;
        var listeners = new List<Listener>();
        for (int i = 0; i < Count; i++)
        {
            listeners.Add(await Root.ListenAsync(Labels($"service={i}", $"blob={new string('x', 1000)}{i}")).Soon());
        }

        LabelSet near = Labels("service=250", $"blob={new string('x', 1000)}9");
        Explanation few = await Root.ExplainAsync(near, new() { MaxTargets = 2 }).Soon();
        Explanation all = await Root.ExplainAsync(near, new() { MaxTargets = int.MaxValue }).Soon();

        Assert.That(few.TargetCount, Is.EqualTo(Count));
        Assert.That(few.Targets.Select(t => t.Target.Labels["service"]), Is.EqualTo(new[] { "9", "250" }));
        Assert.That(all.Targets, Has.Count.EqualTo(Count));
        Assert.That(all.Targets.Select(t => t.Target.Labels["service"]), Is.Unique);
        foreach (Listener listener in listeners)
        {
            await listener.DisposeAsync();
        }
    }

    [Test]
    public async Task Explain_MissesAsFarAway_ThoseWithMoreInCommonComeFirst()
    {
        await using Listener far = await Root.ListenAsync(Labels("service=other")).Soon();
        await using Listener near = await Root.ListenAsync(Labels("service=s", "zone=a")).Soon();
        await using Listener nearest = await Root.ListenAsync(Labels("service=s", "zone=b", "user=u")).Soon();

        Explanation explanation = await Root.ExplainAsync(Labels("service=s", "user=u", "zone=z")).Soon();

        Assert.That(
            explanation.Targets.Select(t => t.Target.Labels["zone"]), Is.EqualTo(new[] { "b", "a", null }));
        Assert.That(explanation.Targets.Select(t => t.Distance), Is.All.EqualTo(1));
    }

    [Test]
    public async Task Explain_Wait_SaysThatItWouldWait()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=other", "zone=z")).Soon();

        Explanation explanation = await Root.ExplainAsync(Labels("service=s"), new() { Wait = true }).Soon();

        Assert.That(explanation.StatusCode, Is.EqualTo(StatusCode.NotFound));
        Assert.That(explanation.WouldWait, Is.True);
    }

    [Test]
    public async Task Explain_BadLabels_IsRefusedLikeTheConnect()
    {
        LabelSet tooMany = LabelSet.Create(Enumerable.Range(0, 40).Select(i => KeyValuePair.Create($"a{i}", "")));
        await using Handle handle = await Root.ConstrainAsync(
            AllRights,
            LabelSet.Empty,
            LabelSet.Create(Enumerable.Range(0, 40).Select(i => KeyValuePair.Create($"b{i}", "")))).Soon();

        FlowerException refused = await Refused(handle.ConnectAsync(tooMany));
        FlowerException unexplained = await Refused(handle.ExplainAsync(tooMany));

        Assert.That(unexplained.StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
        Assert.That(unexplained.Message, Is.EqualTo(refused.Message));
    }

    [Test]
    public async Task Explain_NameWithoutResolve_SaysWhoWouldBeAskedAndAsksNobody()
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service", "zone=z")).Soon();

        Explanation explanation = await Root.ExplainAsync(Labels("service=db", "user=u")).Soon();

        Assert.That(explanation.StatusCode, Is.EqualTo(StatusCode.Unknown));
        ResolverExplanation step = explanation.Resolvers.Single();
        Assert.That(step.WasAsked, Is.False);
        Assert.That(step.Question.ToJson(), Is.EqualTo("{\"service\":\"db\"}"));
        Assert.That(step.Resolver["zone"], Is.EqualTo("z"));
        await AssertNotAskedAsync(resolver);
    }

    [Test]
    public async Task Explain_Resolve_ExplainsWhatTheNameStandsFor()
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        await using Listener database = await Root.ListenAsync(Labels("app=db")).Soon();
        await using Listener other = await Root.ListenAsync(Labels("app=web")).Soon();
        Task<Explanation> explaining = Root.ExplainAsync(Labels("service=db"), new() { Resolve = true });
        await AnswerAsync(resolver, "app=nowhere", "app=db");

        Explanation explanation = await explaining.Soon();

        Assert.That(explanation.StatusCode, Is.EqualTo(StatusCode.OK));
        Assert.That(explanation.Resolvers.Single().Found, Is.EqualTo(2));
        Assert.That(explanation.Labels.ToJson(), Is.EqualTo("{\"app\":\"db\",\"service\":\"db\"}"));
        Assert.That(explanation.Targets[0].Target.Labels["app"], Is.EqualTo("db"));
        Assert.That(explanation.Targets[0].Standing, Is.EqualTo(Standing.Best));
        Assert.That(explanation.Targets[1].Standing, Is.EqualTo(Standing.NoMatch));
    }

    [Test]
    public async Task Explain_ResolveOfNoSuchName_SaysWhatTheConnectSays()
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=db"));
        await (await NextAsync(resolver)).NoSuchNameAsync(TimeSpan.Zero).Soon();
        FlowerException refused = await Refused(connecting);
        Task<Explanation> explaining = Root.ExplainAsync(Labels("service=db"), new() { Resolve = true });
        await (await NextAsync(resolver)).NoSuchNameAsync(TimeSpan.Zero).Soon();

        Explanation explanation = await explaining.Soon();

        AssertSame(explanation, refused);
        Assert.That(explanation.Resolvers.Single().WasAsked, Is.True);
        Assert.That(explanation.Resolvers.Single().Found, Is.Zero);
        Assert.That(explanation.Resolvers.Single().Failure, Is.Null);
    }

    [Test]
    public async Task Explain_ResolveThatIsRefusedAnyway_AsksNobody()
    {
        await using Client.Resolver resolver = await Root.StartResolverAsync(Labels("+service")).Soon();
        await using Handle handle = await Root.ConstrainAsync([Right.List], LabelSet.Empty, LabelSet.Empty).Soon();

        Explanation explanation = await handle.ExplainAsync(Labels("service=db"), new() { Resolve = true }).Soon();

        Assert.That(explanation.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        Assert.That(explanation.Resolvers, Is.Empty);
        await AssertNotAskedAsync(resolver);
    }

    private static TestCaseData Case(string name, StatusCode status, string words, bool related = false) =>
        new TestCaseData(words, related, status).SetArgDisplayNames(name);

    private static async Task PushAsync(Handle handle, LabelSet labels, bool related)
    {
        (Descriptor given, Descriptor kept) = Pair();
        using (kept)
        {
            await handle.PushDescriptorAsync(given, labels, new() { RelatedOnly = related });
        }
    }

    private static void AssertSame(Explanation explanation, FlowerException refused)
    {
        Assert.That(explanation.StatusCode, Is.EqualTo(refused.StatusCode));
        Assert.That(explanation.Message, Is.EqualTo(refused.Message));
        Assert.That(explanation.Keys, Is.EqualTo(refused.Keys));
        Assert.That(explanation.Rights, Is.EqualTo(refused.Rights));
    }

    private static IEnumerable<string?> Services(Explanation explanation) =>
        explanation.Targets.Select(t => t.Target.Labels["service"]);
}
