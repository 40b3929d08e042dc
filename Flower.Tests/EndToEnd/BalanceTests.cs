// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Many servers behind one name: killed, replaced under, drained and weighed from a shell.</summary>
internal sealed class BalanceTests : EndToEndTest
{
    private static readonly ConnectOptions InTurn = new() { Balance = Balance.RoundRobin };

    [TestCase(Balance.Weighted)]
    [TestCase(Balance.RoundRobin)]
    [TestCase(Balance.Least)]
    public async Task Kill_ThreeOfTenServersUnderLoad_NoConnectFails(Balance balance)
    {
        const int Callers = 8;
        const int AtLeast = 50;
        FlowerProcess[] servers = [.. Enumerable.Range(0, 10)
            .Select(i => Board.Flower("serve", "--max", "1000", "service=x", $"instance={i}", "--", "true"))];
        foreach (FlowerProcess server in servers)
        {
            await server.ReadyAsync();
        }

        await using Handle handle = await Board.OpenAsync();
        int connects = 0;
        using var stop = new CancellationTokenSource();
        Task[] callers = [.. Enumerable.Range(0, Callers).Select(async _ =>
        {
            while (!stop.IsCancellationRequested)
            {
                using Connection connection = await handle
                    .ConnectAsync(Words("service=x"), new() { Balance = balance }, CancellationToken.None).Within();
                Interlocked.Increment(ref connects);
            }
        })];
        foreach (FlowerProcess victim in servers.Take(3))
        {
            await AtLeastAsync(AtLeast);
            victim.Signal(Signum.SIGKILL);
        }

        await AtLeastAsync(AtLeast);
        await stop.CancelAsync();
        await Task.WhenAll(callers).Within();
        Assert.That(await handle.ListAsync(LabelSet.Empty).CountAsync(), Is.EqualTo(7));

        async Task AtLeastAsync(int more)
        {
            int goal = Volatile.Read(ref connects) + more;
            while (Volatile.Read(ref connects) < goal)
            {
                Assert.That(callers.Where(c => c.IsFaulted).Select(c => c.Exception!.ToString()), Is.Empty);
                await Task.Yield();
            }
        }
    }

    [Test]
    public async Task Replace_WhatTargetsAndOperatorsSaid_IsKept()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener one = await handle.ListenAsync(Words("instance=1"), new() { Weight = 7 });
        await using Listener two = await handle.ListenAsync(Words("instance=2"));
        await one.UpdateAsync(weight: 8);
        await two.UpdateAsync(draining: true);
        await handle.UpdateTargetsAsync(Words("instance=2"), weight: 9);
        using IDisposable open = one.CountConnection();
        await two.UpdateAsync();
        await one.UpdateAsync();
        (int, bool, int?)[] before = [(8, false, 1), (9, true, 0)];
        // How many connections there are is told a moment later.
        Assert.That(
            await Patience.UntilAsync(async () => (await StatesAsync(handle)).SequenceEqual(before)), Is.True);

        await Board.ReplaceAsync();

        Assert.That(await StatesAsync(handle), Is.EqualTo(before));
        await handle.ResetTargetsAsync(LabelSet.Empty);
        Assert.That(await StatesAsync(handle), Is.EqualTo(new (int, bool, int?)[] { (8, false, 1), (100, true, 0) }));
    }

    // The try that is under way goes on in the new process; when it fails there, the next one is made there.
    [Test]
    public async Task Replace_WhileATryIsUnderWay_TheNextIsTriedAfterwards()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener busy = await handle.ListenAsync(Words("service=x", "instance=1"));
        await using Listener free = await handle.ListenAsync(Words("service=x", "instance=2"));
        Task<Connection> connecting = handle.ConnectAsync(Words("service=x"), InTurn);
        IncomingConnection first = await NextAsync(busy);
        (Descriptor pushed, Descriptor kept) = UnixSocket.StreamPair();
        Task<ConnectionLabels> pushing = handle.PushDescriptorAsync(pushed, Words("service=x"), InTurn);
        IncomingConnection second = await NextAsync(free);

        await Board.ReplaceAsync();
        await busy.UpdateAsync(draining: true);
        await first.RejectAsync("busy", overloaded: true);
        IncomingConnection third = await NextAsync(free);
        await using Connection atServer = await third.AcceptAsync();
        using Connection atClient = await connecting.Within();
        atClient.Socket.Send([1]);
        Assert.That(atServer.Socket.Receive(new byte[1]), Is.EqualTo(1));

        // And the ingress's socket, which nobody was sent.
        await busy.UpdateAsync(draining: false);
        await free.UpdateAsync(draining: true);
        await second.RejectAsync("busy", overloaded: true);
        await using Connection atBusy = await (await NextAsync(busy)).AcceptAsync();
        Assert.That((await pushing.Within())["instance"], Is.EqualTo("1"));
        using var client = new System.Net.Sockets.Socket(kept.ToSocketHandle());
        client.Send([2]);
        byte[] buffer = new byte[1];
        Assert.That(atBusy.Socket.Receive(buffer), Is.EqualTo(1));
        Assert.That(buffer[0], Is.EqualTo(2));
        atBusy.Dispose();
        client.ReceiveTimeout = 10_000;
        Assert.That(client.Receive(buffer), Is.Zero);
    }

    [Test]
    public async Task Shell_WeightDrainAndLs_AsOneUsesThem()
    {
        await using FlowerProcess server = Board.Flower("serve", "--weight", "5", "service=x", "instance=1", "--", "echo", "one");
        await server.ReadyAsync();
        await using FlowerProcess other = Board.Flower("cat", "-k", "-l", "service=x", "instance=2", "--exec", "echo two");
        await other.ReadyAsync();
        Assert.That(await ListedAsync(), Is.EqualTo(new[] { (5, false), (100, false) }));

        await RunAsync("2 targets have the weight 50", "weight", "50", "service=x");
        await RunAsync("1 target drains", "drain", "instance=2");
        Assert.That(await ListedAsync(), Is.EqualTo(new[] { (50, false), (50, true) }));
        await RunAsync("one", "cat", "--no-stdin", "--balance", "least", "--max-tries", "2", "service=x");
        await RunAsync("one", "connect", "--balance", "weighted", "--fd", "3", "service=x", "--", "sh", "-c", "cat <&3");
        await RunAsync("2 targets have their own weights again", "weight", "--reset", "service=x");
        Assert.That(await ListedAsync(), Is.EqualTo(new[] { (5, false), (100, true) }));
        await RunAsync("2 targets drain no longer, but for what drains by itself", "drain", "--undo", "{}");
        Assert.That(await ListedAsync(), Is.EqualTo(new[] { (5, false), (100, false) }));

        await FailAsync(69, "no server or egress", "weight", "1", "service=y");
        await FailAsync(64, "is no weight", "weight", "heavy", "service=x");
        await FailAsync(64, "is no weight", "weight", "65536", "service=x");
        await FailAsync(64, "give labels", "weight", "1");
        await FailAsync(64, "give labels", "drain");
        await FailAsync(64, "--max-tries goes with --balance", "cat", "--max-tries", "2", "service=x");
        await FailAsync(64, "from 1 to 16", "cat", "--balance", "least", "--max-tries", "17", "service=x");
        await FailAsync(69, "match equally well", "cat", "service=x");
    }

    [Test]
    public async Task Ingress_Balances_ReachesBothInTurn()
    {
        await using FlowerProcess one = Board.Flower("serve", "service=x", "instance=1", "--", "echo", "one");
        await one.ReadyAsync();
        await using FlowerProcess two = Board.Flower("serve", "service=x", "instance=2", "--", "echo", "two");
        await two.ReadyAsync();
        string path = Path.Combine(Board.Folder, "in");
        await using FlowerProcess ingress =
            Board.Flower("ingress", "accept", $"unix:{path}", "--balance", "round-robin", "service=x");
        await ingress.ReadyAsync();

        var said = new List<string?>();
        for (int i = 0; i < 4; i++)
        {
            using var client = new System.Net.Sockets.Socket(
                System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, default);
            await client.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(path)).Within();
            using var reader = new StreamReader(new System.Net.Sockets.NetworkStream(client));
            said.Add(await reader.ReadLineAsync().Within());
        }

        Assert.That(said, Is.EqualTo(new[] { "one", "two", "one", "two" }));
    }

    private static LabelSet Words(params string[] words) => LabelSet.ParseWords(words);

    private static async Task<IncomingConnection> NextAsync(Listener listener)
    {
        await using IAsyncEnumerator<IncomingConnection> connections = listener.GetAsyncEnumerator();
        Assert.That(await connections.MoveNextAsync().Within(), Is.True);
        return connections.Current;
    }

    private static async Task<List<(int Weight, bool IsDraining, int? Open)>> StatesAsync(Handle handle) =>
        [.. (await handle.ListAsync(LabelSet.Empty).ToListAsync()).Select(t => (t.Weight, t.IsDraining, t.OpenConnections))];

    private async Task<List<(int Weight, bool IsDraining)>> ListedAsync()
    {
        await using FlowerProcess list = Board.Flower("ls");
        Assert.That(await list.ExitAsync(), Is.Zero, list.Error.ToString());
        var listed = new List<(int, bool)>();
        foreach (string line in list.Out.Lines)
        {
            using JsonDocument target = JsonDocument.Parse(line);
            Assert.That(target.RootElement.GetProperty("open_connections").ValueKind, Is.EqualTo(JsonValueKind.Number));
            listed.Add((
                target.RootElement.GetProperty("weight").GetInt32(),
                target.RootElement.GetProperty("draining").GetBoolean()));
        }

        return listed;
    }

    private async Task RunAsync(string said, params string[] command)
    {
        await using FlowerProcess run = Board.Flower(command);
        Assert.That(await run.ExitAsync(), Is.Zero, run.Error.ToString());
        Assert.That(run.Out.Lines.Single(), Is.EqualTo(said));
    }

    private async Task FailAsync(int code, string said, params string[] command)
    {
        await using FlowerProcess run = Board.Flower(command);
        Assert.That(await run.ExitAsync(), Is.EqualTo(code));
        Assert.That(run.Error.ToString(), Does.Contain(said));
    }
}
