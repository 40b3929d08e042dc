// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Servers that are started when they are asked for.</summary>
internal sealed class ActivationTests : BoardFixture
{
    [Test]
    public async Task Connect_NoServer_WaitsForTheOneThatIsStarted_InOrder()
    {
        await using Handle holder = await OpenAsync();
        await using ServerActivator activator = await holder.StartActivatorAsync(Labels("service=late"));
        var waiting = new List<Task<Connection>>();
        for (int i = 0; i < 5; i++)
        {
            waiting.Add(Root.ConnectAsync(Labels("service=late", $"n={i}")));
        }

        ActivationRequest request = await NextAsync(activator);
        Assert.That(request.Labels["n"], Is.EqualTo("0"), "the first of those who wait");
        await using Handle narrow = await ChildOfAsync(holder, "service=late");
        await using Listener server = await narrow.ListenAsync(Labels("version=2"), new() { Credit = 0 });
        for (int i = 0; i < 5; i++)
        {
            IncomingConnection incoming = await NextAsync(server);
            Assert.That(incoming.Labels["n"], Is.EqualTo(i.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            using Connection atServer = await incoming.AcceptAsync();
            using Connection atClient = await waiting[i].Soon();
            AssertTalk(atClient, atServer);
        }

        await Until(() => request.Cancelled.IsCancellationRequested);
        // It is there now, although the name says less than it does.
        (Connection one, Connection other) = await ConnectAsync(Root, server, "service=late");
        one.Dispose();
        other.Dispose();
    }

    [Test]
    public async Task Listen_NameThatAnActivatorHolds_OnlyOverAHandleMadeFromIts()
    {
        await using Handle holder = await OpenAsync();
        ServerActivator activator = await holder.StartActivatorAsync(Labels("service=held"));
        await using Handle stranger = await ChildOfAsync(Root, "service=held");

        Assert.That(
            (await Refused(Root.ListenAsync(Labels("service=held", "more=1")))).StatusCode,
            Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(
            (await Refused(stranger.ListenAsync(LabelSet.Empty))).StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
        Assert.That(
            (await Refused(holder.ListenAsync(Labels("service=held")))).StatusCode,
            Is.EqualTo(StatusCode.FailedPrecondition),
            "its own handle is not one that was made from it");
        Assert.That(
            (await Refused(Root.StartActivatorAsync(Labels("service=held")))).StatusCode,
            Is.EqualTo(StatusCode.FailedPrecondition));

        await activator.DisposeAsync();
        await Until(async () => !await Root.ListAsync(Labels("service=held")).AnyAsync());
        await using Listener server = await Root.ListenAsync(Labels("service=held"));
    }

    [Test]
    public async Task Fail_AllWhoWait_AreToldWhy_AndTheNextOneAsksAnew()
    {
        await using ServerActivator activator = await Root.StartActivatorAsync(Labels("service=broken"));
        Task<Connection>[] waiting = [.. Enumerable.Range(0, 3).Select(_ => Root.ConnectAsync(Labels("service=broken")))];

        await (await NextAsync(activator)).FailAsync("no disk");

        foreach (Task<Connection> one in waiting)
        {
            FlowerException refused = await Refused(one);
            Assert.That(refused.StatusCode, Is.EqualTo(StatusCode.Unavailable));
            Assert.That(refused.Message, Does.Contain("could not be started: no disk"));
        }

        Task<Connection> again = Root.ConnectAsync(Labels("service=broken"));
        await (await NextAsync(activator)).FailAsync("still none");
        Assert.That((await Refused(again)).Message, Does.Contain("still none"));
    }

    [Test]
    public async Task Connect_ServerNeverComes_UnavailableAfterTheStartTimeout()
    {
        await using ServerActivator activator =
            await Root.StartActivatorAsync(Labels("service=slow"), TimeSpan.FromMilliseconds(100));

        FlowerException refused = await Refused(Root.ConnectAsync(Labels("service=slow")));

        Assert.That(refused.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(refused.Message, Does.Contain("not registered within 0.1 seconds"));
    }

    [Test]
    public async Task Connect_LastWhoWaitsGoes_TheRequestIsWithdrawn()
    {
        await using ServerActivator activator = await Root.StartActivatorAsync(Labels("service=given-up"));
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        Task<Connection> one = Root.ConnectAsync(Labels("service=given-up"), null, first.Token);
        Task<Connection> two = Root.ConnectAsync(Labels("service=given-up"), null, second.Token);
        ActivationRequest request = await NextAsync(activator);

        await first.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => one.Soon());
        Assert.That(request.Cancelled.IsCancellationRequested, Is.False);
        await second.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => two.Soon());

        await Until(() => request.Cancelled.IsCancellationRequested);
    }

    [Test]
    public async Task Connect_WaitingAlready_AsksTheActivatorThatComes()
    {
        Task<Connection> waiting = Root.ConnectAsync(Labels("service=soon"), new() { Wait = true });
        await using Handle holder = await OpenAsync();
        await using ServerActivator activator = await holder.StartActivatorAsync(Labels("service=soon"));
        _ = await NextAsync(activator);
        await using Handle narrow = await ChildOfAsync(holder, "service=soon");
        await using Listener server = await narrow.ListenAsync(LabelSet.Empty);

        using Connection atServer = await (await NextAsync(server)).AcceptAsync();
        using Connection atClient = await waiting.Soon();
    }

    [Test]
    public async Task Connect_AnotherServerMatchesAsWell_NothingIsStarted()
    {
        await using ServerActivator activator = await Root.StartActivatorAsync(Labels("service=web", "instance=2"));
        await using Listener running = await Root.ListenAsync(Labels("service=web", "instance=1"));

        (Connection one, Connection other) = await ConnectAsync(Root, running, "service=web");
        one.Dispose();
        other.Dispose();
        Task<Connection> balanced = Root.ConnectAsync(Labels("service=web"), new() { Balance = Balance.RoundRobin });
        using Connection atServer = await (await NextAsync(running)).AcceptAsync();
        using Connection atClient = await balanced.Soon();
        using (var instant = new CancellationTokenSource(TimeSpan.FromMilliseconds(100)))
        {
            await Assert.ThrowsAsync<OperationCanceledException>(() => activator.FirstAsync(instant.Token).AsTask());
        }

        // Who wants the other one, waits for it; so does who balances, once there is no other.
        Task<Connection> wanted = Root.ConnectAsync(Labels("service=web", "instance=2"));
        await running.DisposeAsync();
        Task<Connection> anyone = Root.ConnectAsync(Labels("service=web"), new() { Balance = Balance.Weighted });
        await using Handle narrow = await ChildOfAsync(Root, "service=web", "instance=2");
        await using Listener started = await narrow.ListenAsync(LabelSet.Empty);
        using Connection first = await (await NextAsync(started)).AcceptAsync();
        using Connection second = await (await NextAsync(started)).AcceptAsync();
        (await wanted.Soon()).Dispose();
        (await anyone.Soon()).Dispose();
    }

    [Test]
    public async Task List_Activator_IsNoServer()
    {
        await using Handle holder = await OpenAsync();
        await using ServerActivator activator = await holder.StartActivatorAsync(Labels("service=listed"));
        await using Handle narrow = await ChildOfAsync(holder, "service=listed");
        await using Listener server = await narrow.ListenAsync(LabelSet.Empty);
        (Connection one, Connection other) = await ConnectAsync(Root, server, "service=listed");
        one.Dispose();
        other.Dispose();

        TargetInfo[] targets = await Root.ListAsync(Labels("service=listed")).ToArrayAsync();

        Assert.That(targets.Select(t => (t.IsActivator, t.Connections)), Is.EqualTo(new[] { (true, 0UL), (false, 1UL) }));
        // What drains is the server.
        Assert.That(await Root.UpdateTargetsAsync(Labels("service=listed"), draining: true), Is.EqualTo(1));
    }

    private static Task Until(Func<bool> condition) => Until(() => Task.FromResult(condition()));

    private static async Task Until(Func<Task<bool>> condition) =>
        Assert.That(await EndToEnd.Patience.UntilAsync(condition), Is.True);

    private static async Task<ActivationRequest> NextAsync(ServerActivator activator)
    {
        await using IAsyncEnumerator<ActivationRequest> requests = activator.GetAsyncEnumerator();
        Assert.That(await requests.MoveNextAsync().AsTask().Soon(), Is.True);
        return requests.Current;
    }

    private static async Task<Handle> ChildOfAsync(Handle parent, params string[] words)
    {
        Descriptor session = await parent.ConstrainToDescriptorAsync([Right.ServerStart], Labels(words), LabelSet.Empty);
        return Handle.Adopt(session);
    }
}
