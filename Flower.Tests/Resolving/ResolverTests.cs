// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Transport;
using Flower.Switchboard.Sessions.Resolving;
using Flower.Tests.Rpc;
using NUnit.Framework;
using BoardResolver = Flower.Switchboard.Sessions.Resolving.Resolver;

namespace Flower.Tests.Resolving;

/// <summary>One resolver on the board: what it is asked, what it may answer, and for how long that holds.</summary>
internal sealed class ResolverTests
{
    private static readonly LabelSet Db = LabelSet.Create(("service", "db"));

    private EventLoop _loop = null!;
    private ScriptedResolver _stream = null!;
    private long _now;

    [SetUp]
    public void Begin()
    {
        _loop = new EventLoop("resolver-tests", null);
        _stream = new();
        _now = 1_000_000;
    }

    [TearDown]
    public void End() => _loop.Dispose();

    [TestCase(10_000u, 9_999, false)]
    [TestCase(10_000u, 10_000, true)]
    [TestCase(0u, 0, true)]
    [TestCase(uint.MaxValue, 86_399_999, false)]
    [TestCase(uint.MaxValue, 86_400_000, true)]
    public Task Answer_TimeToLive_IsAskedAgainAfterIt(uint timeToLive, int later, bool isAsked) => OnLoop(async resolver =>
    {
        await AnswerAsync(resolver, new() { Targets = { Target("app=db") }, TimeToLiveMs = timeToLive });
        _now += later;

        Task<ResolverOutcome> again = resolver.AskAsync(Db, CancellationToken.None);

        Assert.That(_stream.Asked, Has.Count.EqualTo(isAsked ? 2 : 1));
        Assert.That(again.IsCompleted, Is.EqualTo(!isAsked));
    });

    [TestCase(4_000u, 3_999, false)]
    [TestCase(4_000u, 4_000, true)]
    [TestCase(3_600_000u, 29_999, false)]
    [TestCase(3_600_000u, 30_000, true)]
    public Task NoSuchName_TimeToLive_IsAtMostHalfAMinute(uint timeToLive, int later, bool isAsked) => OnLoop(async resolver =>
    {
        Assert.That(await AnswerAsync(resolver, new() { TimeToLiveMs = timeToLive }), Is.InstanceOf<ResolverOutcome.NoSuchName>());
        _now += later;

        _ = resolver.AskAsync(Db, CancellationToken.None);

        Assert.That(_stream.Asked, Has.Count.EqualTo(isAsked ? 2 : 1));
    });

    [TestCase(999, false)]
    [TestCase(1_000, true)]
    public Task Failure_IsRememberedForASecond(int later, bool isAsked) => OnLoop(async resolver =>
    {
        ResolverOutcome outcome = await AnswerAsync(resolver, new() { Failure = "out\nof order" });
        Assert.That(outcome, Is.EqualTo(new ResolverOutcome.Failed("out?of order")));
        _now += later;

        _ = resolver.AskAsync(Db, CancellationToken.None);

        Assert.That(_stream.Asked, Has.Count.EqualTo(isAsked ? 2 : 1));
    });

    [Test]
    public Task Answer_InParts_IsWhole() => OnLoop(async resolver =>
    {
        Task<ResolverOutcome> asking = resolver.AskAsync(Db, CancellationToken.None);

        Assert.That(resolver.OnResolution(
            new() { QuestionId = 1, Targets = { Target("app=1") }, More = true }), Is.Null);
        Assert.That(asking.IsCompleted, Is.False);
        Assert.That(resolver.OnResolution(new() { QuestionId = 1, Targets = { Target("app=2") } }), Is.Null);

        var found = (ResolverOutcome.Found)await asking;
        Assert.That(found.Targets.Select(t => t.Labels["app"]), Is.EqualTo(new[] { "1", "2" }));
    });

    [TestCase(0ul)]
    [TestCase(2ul)]
    public Task Answer_ToWhatWasNotAsked_IsWrong(ulong id) => OnLoop(resolver =>
    {
        _ = resolver.AskAsync(Db, CancellationToken.None);

        Assert.That(resolver.OnResolution(new() { QuestionId = id }), Does.Contain("was not asked"));
        return Task.CompletedTask;
    });

    [Test]
    public Task Answer_AgainToTheSame_IsPassedOver() => OnLoop(async resolver =>
    {
        await AnswerAsync(resolver, new() { Targets = { Target("app=db") }, TimeToLiveMs = 1000 });

        Assert.That(resolver.OnResolution(new() { QuestionId = 1 }), Is.Null);
        Assert.That(await resolver.AskAsync(Db, CancellationToken.None), Is.InstanceOf<ResolverOutcome.Found>());
    });

    [Test]
    public Task Answer_ThousandAndOneTargetsInParts_IsWrong() => OnLoop(resolver =>
    {
        _ = resolver.AskAsync(Db, CancellationToken.None);
        for (int i = 0; i < 10; i++)
        {
            var part = new Resolution { QuestionId = 1, More = true };
            part.Targets.AddRange(Enumerable.Range(0, 100).Select(n => Target($"app={n}")));
            Assert.That(resolver.OnResolution(part), Is.Null);
        }

        Assert.That(
            resolver.OnResolution(new() { QuestionId = 1, Targets = { Target("app=x") } }), Does.Contain("more than 1000"));
        return Task.CompletedTask;
    });

    [Test]
    public Task Answer_BadLabelsSizeOrWeight_IsWrong() => OnLoop(resolver =>
    {
        _ = resolver.AskAsync(Db, CancellationToken.None);

        foreach ((Resolved target, string words) in new[]
        {
            (Target("flower.client_uid=0"), "break a rule"),
            (Target("flower.connection_id=1"), "break a rule"),
            (new Resolved { Labels = new() { Labels_ = { new Label { Key = "", Value = "" } } } }, "break a rule"),
            (new Resolved { Labels = new(), Weight = 65_536 }, "weight"),
        })
        {
            Assert.That(resolver.OnResolution(new() { QuestionId = 1, Targets = { target }, More = true }), Does.Contain(words));
        }

        Assert.That(
            resolver.OnResolution(new() { QuestionId = 1, Targets = { Target("flower.server_uid=0") }, More = true }), Is.Null);
        string? wrong = null;
        for (int i = 0; i < 100 && wrong is null; i++)
        {
            wrong = resolver.OnResolution(
                new() { QuestionId = 1, Targets = { Target("app=" + new string('x', 4000)) }, More = true });
        }

        Assert.That(wrong, Does.Contain("256 KiB"));
        return Task.CompletedTask;
    });

    [Test]
    public Task Ask_TooManyOfOneUser_BusyForHimAlone() => OnLoop(async resolver =>
    {
        using var gone = new CancellationTokenSource();
        var asking = new List<Task>();
        for (int i = 0; i < BoardResolver.MaxOfUser; i++)
        {
            asking.Add(resolver.AskAsync(LabelSet.Create(("service", $"{i}")), gone.Token, user: 1001));
        }

        Assert.That(
            await resolver.AskAsync(Db, CancellationToken.None, user: 1001),
            Is.EqualTo(new ResolverOutcome.Busy(BoardResolver.MaxOfUser)));
        Assert.That(resolver.AskAsync(LabelSet.Create(("service", "7")), gone.Token, user: 1001).IsCompleted, Is.False);
        _ = resolver.AskAsync(LabelSet.Create(("service", "others")), CancellationToken.None, user: 1002);
        _ = resolver.AskAsync(LabelSet.Create(("service", "root's")), CancellationToken.None);
        Assert.That(_stream.Asked, Has.Count.EqualTo(BoardResolver.MaxOfUser + 2));

        // What he gives up makes room.
        await gone.CancelAsync();
        await Task.WhenAll(asking).ContinueWith(static _ => { }, TaskScheduler.Default);
        _ = resolver.AskAsync(Db, CancellationToken.None, user: 1001);
        Assert.That(_stream.Asked, Has.Count.EqualTo(BoardResolver.MaxOfUser + 3));
    });

    [Test]
    public Task Ask_TooMany_Busy() => OnLoop(async resolver =>
    {
        for (int i = 0; i < BoardResolver.MaxPending; i++)
        {
            _ = resolver.AskAsync(LabelSet.Create(("service", $"{i}")), CancellationToken.None);
        }

        Assert.That(await resolver.AskAsync(Db, CancellationToken.None), Is.InstanceOf<ResolverOutcome.Busy>());
        _ = resolver.AskAsync(LabelSet.Create(("service", "7")), CancellationToken.None);
        Assert.That(_stream.Asked, Has.Count.EqualTo(BoardResolver.MaxPending));
    });

    [Test]
    public Task Ask_LastCallerLeaves_QuestionIsWithdrawn() => OnLoop(async resolver =>
    {
        using var one = new CancellationTokenSource();
        using var two = new CancellationTokenSource();
        Task first = resolver.AskAsync(Db, one.Token);
        Task second = resolver.AskAsync(Db, two.Token);

        one.Cancel();
        await Assert.ThrowsAsync<OperationCanceledException>(() => first);
        Assert.That(_stream.Withdrawn, Is.Empty);
        two.Cancel();
        await Assert.ThrowsAsync<OperationCanceledException>(() => second);

        Assert.That(_stream.Withdrawn, Is.EqualTo(new ulong[] { 1 }));
    });

    [Test]
    public Task Gone_WhoWaits_IsTold() => OnLoop(async resolver =>
    {
        Task<ResolverOutcome> asking = resolver.AskAsync(Db, CancellationToken.None);

        resolver.OnGone();

        Assert.That(await asking, Is.InstanceOf<ResolverOutcome.Gone>());
        Assert.That(await resolver.AskAsync(Db, CancellationToken.None), Is.InstanceOf<ResolverOutcome.Gone>());
    });

    [Test]
    public Task Silent_UntilItAnswers_IsKnown() => OnLoop(
        async resolver =>
        {
            ResolverOutcome outcome = await resolver.AskAsync(Db, CancellationToken.None);

            Assert.That(outcome, Is.InstanceOf<ResolverOutcome.Silent>());
            Assert.That(resolver.WasSilent, Is.True);
            Assert.That(_stream.Withdrawn, Is.EqualTo(new ulong[] { 1 }));
            Task<ResolverOutcome> again = resolver.AskAsync(Db, CancellationToken.None);
            resolver.OnResolution(new() { QuestionId = 2, Failure = "slow" });
            _ = await again;
            Assert.That(resolver.WasSilent, Is.False);
        },
        TimeSpan.FromMilliseconds(100));

    private static Resolved Target(string words) =>
        new() { Labels = LabelSet.ParseWords(words.Split(' ')).ToMessage() };

    private static async Task<ResolverOutcome> AnswerAsync(BoardResolver resolver, Resolution resolution)
    {
        Task<ResolverOutcome> asking = resolver.AskAsync(Db, CancellationToken.None);
        resolution.QuestionId = resolver.LastId;
        Assert.That(resolver.OnResolution(resolution), Is.Null);
        return await asking;
    }

    private Task OnLoop(Func<BoardResolver, Task> test, TimeSpan? deadline = null) => _loop.Invoke(() => test(new(
        ["service"], _stream, new DeadlineQueue(_loop, deadline ?? TimeSpan.FromHours(1)), LabelSet.Empty, () => _now))).Soon();
}
