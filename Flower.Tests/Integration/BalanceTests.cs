// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Clients that let one of several servers be picked, and servers that say how much they take.</summary>
internal sealed class BalanceTests : BalanceFixture
{
    private static readonly ConnectOptions Weighted = new() { Balance = Balance.Weighted };
    private static readonly ConnectOptions InTurn = new() { Balance = Balance.RoundRobin };
    private static readonly ConnectOptions Least = new() { Balance = Balance.Least };

    [Test]
    public async Task Connect_TenServersOfWeights1To10_SharesFollowAndNothingFails()
    {
        const int perPhase = 5000;
        var listeners = new List<Listener>();
        var taking = new List<Task<int>>();
        for (int i = 1; i <= 10; i++)
        {
            listeners.Add(await ListenAsync(i, new() { Weight = i }).Soon());
            taking.Add(TakeAllAsync(listeners[^1]));
        }

        AssertShares(await ConnectManyAsync(perPhase), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);

        // A weight that changes midway, and one that drains: both are seen by whoever asks after they were said.
        await listeners[0].UpdateAsync(weight: 20);
        await listeners[9].UpdateAsync(draining: true);
        await ListedAsync(t => t.Labels["instance"] == "1" && t.Weight == 20);
        await ListedAsync(t => t.Labels["instance"] == "10" && t.IsDraining);
        AssertShares(await ConnectManyAsync(perPhase), [20, 2, 3, 4, 5, 6, 7, 8, 9, 0]);

        int taken = 0;
        for (int i = 0; i < listeners.Count; i++)
        {
            await listeners[i].DisposeAsync();
            taken += await taking[i].Soon();
        }

        Assert.That(taken, Is.EqualTo(2 * perPhase));
    }

    [Test]
    public async Task Connect_RoundRobin_EachInTurn()
    {
        await using Listener one = await ListenAsync(1).Soon();
        await using Listener two = await ListenAsync(2).Soon();
        await using Listener three = await ListenAsync(3).Soon();
        Task[] taking = [TakeAllAsync(one), TakeAllAsync(two), TakeAllAsync(three)];

        var reached = new List<int>();
        for (int i = 0; i < 9; i++)
        {
            await using Connection connection = await Root.ConnectAsync(Labels("service=x"), InTurn).Soon();
            reached.Add(InstanceOf(connection));
        }

        Assert.That(reached, Is.EqualTo(new[] { 1, 2, 3, 1, 2, 3, 1, 2, 3 }));
    }

    // The slow one keeps what it was given; the others are done at once.
    [Test]
    public async Task Connect_LeastAndOneIsSlow_TheOthersTakeItsShare()
    {
        await using Listener slow = await ListenAsync(0).Soon();
        await using Listener quick = await ListenAsync(1).Soon();
        await using Listener quicker = await ListenAsync(2).Soon();
        var kept = new List<Connection>();
        Task keeping = KeepAllAsync(slow, kept);
        Task[] taking = [TakeAllAsync(quick), TakeAllAsync(quicker)];

        int[] counts = new int[3];
        for (int i = 0; i < 100; i++)
        {
            await using Connection connection = await Root.ConnectAsync(Labels("service=x"), Least).Soon();
            counts[InstanceOf(connection)]++;

            // A byte of the slow one, the end of the others: by then it is counted, and now the board hears of it.
            connection.Socket.ReceiveTimeout = 10_000;
            connection.Socket.Receive(new byte[1]);
            await Task.WhenAll(quick.UpdateAsync(), quicker.UpdateAsync()).Soon();
        }

        Assert.That(counts[0], Is.LessThanOrEqualTo(1), string.Join(", ", counts));
        Assert.That(slow.OpenConnections, Is.EqualTo(counts[0]));
        await slow.DisposeAsync();
        await keeping.Soon();
        kept.ForEach(c => c.Dispose());
        Assert.That(slow.OpenConnections, Is.Zero);
    }

    [Test]
    public async Task Connect_SeveralWithoutBalance_IsAmbiguousStill()
    {
        await using Listener one = await ListenAsync(1).Soon();
        await using Listener two = await ListenAsync(2).Soon();

        FlowerException e = await Refused(Root.ConnectAsync(Labels("service=x")));

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
    }

    [Test]
    public async Task Connect_AllDrain_UnavailableWithBalanceAndWithout()
    {
        await using Listener one = await ListenAsync(1, new() { Draining = true }).Soon();

        FlowerException without = await Refused(Root.ConnectAsync(Labels("service=x")));
        FlowerException with = await Refused(Root.ConnectAsync(Labels("service=x"), Weighted));

        Assert.That(without.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(without.Message, Does.Contain("drains"));
        Assert.That(with.Message, Is.EqualTo(without.Message));
    }

    [TestCase(Balance.None)]
    [TestCase(Balance.Least)]
    public async Task Connect_WaitsWhileAllDrain_ReachesTheOneThatComesBack(Balance balance)
    {
        await using Listener one = await ListenAsync(1, new() { Draining = true }).Soon();
        Task<int> taking = TakeAllAsync(one);
        Task<Connection> waiting = Root.ConnectAsync(Labels("service=x"), new() { Wait = true, Balance = balance });
        await ListedAsync(t => t.IsDraining);
        Assert.That(waiting.IsCompleted, Is.False);

        await one.UpdateAsync(draining: false);

        await using Connection connection = await waiting.Soon();
        Assert.That(InstanceOf(connection), Is.EqualTo(1));
        await one.DisposeAsync();
        Assert.That(await taking.Soon(), Is.EqualTo(1));
    }

    [Test]
    public async Task Connect_OneIsOverloaded_TheNextTakesIt()
    {
        await using Listener busy = await ListenAsync(1).Soon();
        await using Listener free = await ListenAsync(2).Soon();
        Task rejecting = RejectAllAsync(busy, overloaded: true);
        Task<int> taking = TakeAllAsync(free);

        for (int i = 0; i < 20; i++)
        {
            await using Connection connection = await Root.ConnectAsync(Labels("service=x"), InTurn).Soon();
            Assert.That(InstanceOf(connection), Is.EqualTo(2));
        }
    }

    [Test]
    public async Task Connect_AllAreOverloaded_TheErrorCountsAndQuotes()
    {
        Listener[] busy = [await ListenAsync(1).Soon(), await ListenAsync(2).Soon(), await ListenAsync(3).Soon()];
        Task[] rejecting = [.. busy.Select(b => RejectAllAsync(b, overloaded: true))];

        FlowerException three = await Refused(Root.ConnectAsync(Labels("service=x"), InTurn));
        FlowerException two = await Refused(Root.ConnectAsync(Labels("service=x"), InTurn with { MaxTries = 2 }));

        Assert.That(three.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(three.Message, Does.Contain("3 targets were tried").And.Contain("too much to do"));
        Assert.That(two.Message, Does.Contain("2 targets were tried"));
        foreach (Listener listener in busy)
        {
            await listener.DisposeAsync();
        }
    }

    [Test]
    public async Task Connect_RejectedForGood_NoOtherIsTried()
    {
        await using Listener one = await ListenAsync(1).Soon();
        await using Listener two = await ListenAsync(2).Soon();
        Task[] rejecting = [RejectAllAsync(one, overloaded: false), RejectAllAsync(two, overloaded: false)];

        FlowerException e = await Refused(Root.ConnectAsync(Labels("service=x"), Weighted));

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("the target rejected the connection: too much to do"));
    }

    [Test]
    public async Task Connect_ServerGoesWhileItIsAsked_TheNextTakesIt()
    {
        await using Listener going = await ListenAsync(1).Soon();
        await using Listener staying = await ListenAsync(2).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("service=x"), InTurn);
        _ = await NextAsync(going);

        await going.DisposeAsync();

        IncomingConnection incoming = await NextAsync(staying);
        await using Connection atServer = await incoming.AcceptAsync().Soon();
        await using Connection atClient = await connecting.Soon();
        AssertTalk(atClient, atServer);
    }

    // Both grant credit: with more than one try they are offered the labels first.
    [Test]
    public async Task Push_OneIsOverloaded_TheSocketGoesToTheNextAndToNobodyElse()
    {
        await using Listener busy = await ListenAsync(1).Soon();
        await using Listener free = await ListenAsync(2).Soon();
        Task rejecting = RejectAllAsync(busy, overloaded: true);
        (Descriptor given, Descriptor kept) = Pair();

        Task<ConnectionLabels> pushing = Root.PushDescriptorAsync(given, Labels("service=x"), InTurn);
        await using Connection atServer = await (await NextAsync(free)).AcceptAsync().Soon();
        Assert.That((await pushing.Soon())["instance"], Is.EqualTo("2"));

        using var client = new Connection(kept, atServer.Labels);
        AssertTalk(client, atServer);
        atServer.Dispose();
        Assert.That(client.Socket.Receive(new byte[1]), Is.Zero, "somebody else has it, too");
    }

    [Test]
    public async Task Push_OneTryAndItWasSent_IsClosedAndNotDeliveredTwice()
    {
        await using Listener busy = await ListenAsync(1).Soon();
        await using Listener free = await ListenAsync(2).Soon();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;

        Task<ConnectionLabels> pushing =
            Root.PushDescriptorAsync(given, Labels("service=x"), InTurn with { MaxTries = 1 });
        await (await NextAsync(busy)).RejectAsync("too much to do", overloaded: true).Soon();

        Assert.That((await Refused(pushing)).StatusCode, Is.EqualTo(StatusCode.Unavailable));
        AssertClosed(kept);
    }

    [TestCase(17)]
    [TestCase(1000)]
    public async Task Connect_TooManyTries_InvalidArgument(int tries)
    {
        FlowerException e = await Refused(Root.ConnectAsync(Labels("service=x"), Weighted with { MaxTries = tries }));
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
    }

    [Test]
    public async Task Connect_BalanceAndNothingInCommon_NotFound()
    {
        await using Listener one = await Root.ListenAsync(Labels("name=y")).Soon();
        FlowerException e = await Refused(Root.ConnectAsync(Labels("service=x"), Weighted));
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.NotFound));
    }

    [Test]
    public async Task Listener_AcceptsAndCloses_ItsCountIsListed()
    {
        await using Listener one = await ListenAsync(1).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, one, "service=x");
        IDisposable elsewhere = one.CountConnection();
        await ListedAsync(t => t.OpenConnections == 2);

        atServer.Dispose();
        atServer.Dispose();
        await ListedAsync(t => t.OpenConnections == 1);

        elsewhere.Dispose();
        await ListedAsync(t => t.OpenConnections == 0);
        atClient.Dispose();
        Assert.That(one.OpenConnections, Is.Zero);
    }

    [Test]
    public async Task Listener_DescriptorTaken_CountsAsClosed()
    {
        await using Listener one = await ListenAsync(1).Soon();
        (Connection atClient, Connection atServer) = await ConnectAsync(Root, one, "service=x");
        using Descriptor taken = atServer.TakeDescriptor();

        Assert.That(one.OpenConnections, Is.Zero);
        atClient.Dispose();
    }

    [TestCase(-1)]
    [TestCase(65536)]
    public async Task Listener_WeightThatIsNone_IsRefused(int weight)
    {
        Assert.That(() => ListenAsync(1, new() { Weight = weight }), Throws.TypeOf<ArgumentOutOfRangeException>());
        await using Listener one = await ListenAsync(1).Soon();
        Assert.That(() => one.UpdateAsync(weight), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task LoadWeight_LoadChanges_TheWeightFollows()
    {
        await using Listener one = await ListenAsync(1).Soon();
        double load = 0.25;
        await using (LoadWeight.Follow(one, () => Volatile.Read(ref load), 1000, TimeSpan.FromMilliseconds(10)))
        {
            await ListedAsync(t => t.Weight == 750);
            Volatile.Write(ref load, 7);
            await ListedAsync(t => t.Weight == 1);
        }

        Assert.That(LoadWeight.OfMachine(), Is.GreaterThanOrEqualTo(0));
    }

    private async Task<int[]> ConnectManyAsync(int count)
    {
        const int callers = 8;
        int left = count;
        int[] counts = new int[11];
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await using Connection connection = await Root.ConnectAsync(Labels("service=x"), Weighted).Soon();
                Interlocked.Increment(ref counts[InstanceOf(connection)]);
            }
        }));
        return counts[1..];
    }

    // The board draws for itself, so the bound is one that chance passes once in a million times: 46.9 of 9 degrees of
    // freedom.
    private static void AssertShares(int[] counts, double[] weights)
    {
        double chiSquare = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            double expected = counts.Sum() * weights[i] / weights.Sum();
            if (expected == 0)
            {
                Assert.That(counts[i], Is.Zero, "one that drains");
                continue;
            }

            chiSquare += Math.Pow(counts[i] - expected, 2) / expected;
        }

        Assert.That(chiSquare, Is.LessThan(46.9), string.Join(", ", counts));
    }

    private static async Task KeepAllAsync(Listener listener, List<Connection> kept)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            kept.Add(await incoming.AcceptAsync());
            // So that the client goes on.
            kept[^1].Socket.Send([1]);
        }
    }

    private static async Task RejectAllAsync(Listener listener, bool overloaded)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            await incoming.RejectAsync("too much to do", overloaded);
        }
    }

    /// <summary>Until a target is listed like that.</summary>
    private async Task ListedAsync(Func<TargetInfo, bool> like)
    {
        long end = Environment.TickCount64 + 20_000;
        while (!(await Root.ListAsync(LabelSet.Empty).ToListAsync()).Exists(t => like(t)))
        {
            Assert.That(Environment.TickCount64, Is.LessThan(end), "it is not listed");
        }
    }
}
