// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Switchboard.State;
using Google.Protobuf;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A switchboard that is killed and comes back with what its service manager kept.</summary>
[Category("EndToEnd")]
internal sealed class CrashStoreTests
{
    private static readonly Right[] All =
        [Right.ClientConnect, Right.EgressStart, Right.IngressConnect, Right.ServerStart, Right.List];

    private ServiceManagerFixture _manager = null!;

    [SetUp]
    public async Task Start() => _manager = await ServiceManagerFixture.StartAsync();

    [TearDown]
    public async Task Stop() => await _manager.DisposeAsync();

    [Test]
    public async Task Kill_HandlesAndTargets_AreBackAndListedOnce()
    {
        await using Handle handle = await _manager.OpenAsync();
        Descriptor shared = await handle.ConstrainToDescriptorAsync(All, Words("tenant=blue"), Words("tenant=blue"));
        await using Handle narrow = Handle.Adopt(shared.Duplicate());
        await using Listener byPath = await handle.ListenAsync(Words("service=path"), new() { Credit = 2 });
        await using Listener byDescriptor = await narrow.ListenAsync(Words("service=descriptor"));
        await using Client.Egress egress =
            await narrow.StartEgressAsync(Words("service=out"), new() { FixedDestination = true });

        for (int i = 0; i < 3; i++)
        {
            await _manager.KillAsync();

            await using Handle anew = await _manager.OpenAsync();
            Assert.That(await ServicesAsync(anew), Is.EquivalentTo(new[] { "path", "descriptor", "out" }), _manager.Log);
            // The shared descriptor still opens sessions, with the same authority.
            await using Handle sibling = Handle.Adopt(shared.Duplicate());
            FlowerException? refused = await Assert.ThrowsAsync<FlowerException>(
                () => sibling.ConnectAsync(Words("tenant=red")));
            Assert.That(refused!.StatusCode, Is.EqualTo(Grpc.Core.StatusCode.PermissionDenied));
            Task<Connection> connecting = sibling.ConnectAsync(Words("service=descriptor"));
            await using Connection accepted = await (await NextAsync(byDescriptor)).AcceptAsync();
            using Connection connected = await connecting.Within();
            Assert.That(connected.Labels["tenant"], Is.EqualTo("blue"));
            Task<Connection> unseen = anew.ConnectAsync(Words("service=path"));
            await using Connection taken = await (await NextAsync(byPath)).AcceptAsync();
            (await unseen.Within()).Dispose();
        }

        shared.Dispose();
    }

    [Test]
    public async Task Kill_WhatTargetsAndOperatorsSaid_IsKept()
    {
        await using Handle handle = await _manager.OpenAsync();
        await using Listener one = await handle.ListenAsync(Words("instance=1"), new() { Weight = 7 });
        await using Listener two = await handle.ListenAsync(Words("instance=2"));
        using IDisposable open = one.CountConnection();
        await one.UpdateAsync(weight: 8);
        await two.UpdateAsync(draining: true);
        await handle.UpdateTargetsAsync(Words("instance=2"), weight: 9);
        Assert.That(await AsSaidAsync(), Is.True);

        for (int i = 0; i < 2; i++)
        {
            await _manager.KillAsync();
            // How many connections it has, the server says again.
            Assert.That(await Patience.UntilAsync(AsSaidAsync), Is.True, _manager.Log);
        }

        async Task<bool> AsSaidAsync() => (await handle.ListAsync(LabelSet.Empty).ToListAsync())
            .Select(t => (t.Weight, t.IsDraining, t.OpenConnections))
            .SequenceEqual([(8, false, 1), (9, true, 0)]);
    }

    [Test]
    public async Task Kill_ClientsInALoop_NoneFailsAndAllIsListedOnce()
    {
        const int Clients = 8;
        const int Kills = 5;
        const int Between = 400;
        int connects = 0;
        using var stop = new CancellationTokenSource();
        await using Handle serving = await _manager.OpenAsync();
        await using Listener listener = await serving.ListenAsync(Words("service=echo"), new() { Credit = 64 });
        using Descriptor shared = await serving.ConstrainToDescriptorAsync(All, LabelSet.Empty, Words("tenant=blue"));
        Task server = EchoAsync(listener);

        // Half of them have a handle that was handed on, and no path to come back by.
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(async n =>
        {
            await using Handle handle = n % 2 == 0 ? Handle.Adopt(shared.Duplicate()) : await _manager.OpenAsync();
            await ConnectAgainAndAgainAsync(handle, () => Interlocked.Increment(ref connects), stop.Token);
        })];
        for (int i = 0; i < Kills; i++)
        {
            int before = Volatile.Read(ref connects);
            await Patience.UntilAsync(() => Task.FromResult(
                Volatile.Read(ref connects) > before + Between || clients.Any(client => client.IsFaulted)));
            await _manager.KillAsync();
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients).Within();
        TestContext.Out.WriteLine($"{connects} connects during {Kills} kills");
        Assert.That(connects, Is.GreaterThan(Kills * Between));
        await using Handle anew = await _manager.OpenAsync();
        Assert.That(await ServicesAsync(anew), Is.EqualTo(new[] { "echo" }), _manager.Log);
        await listener.DisposeAsync();
        await server.Within();
    }

    [Test]
    public async Task Restart_BySignalOfTheManager_LosesNothingEither()
    {
        await using Handle handle = await _manager.OpenAsync();
        await using Listener listener = await handle.ListenAsync(Words("service=kept"));

        await _manager.RestartAsync();

        await using Handle anew = await _manager.OpenAsync();
        Assert.That(await ServicesAsync(anew), Is.EqualTo(new[] { "kept" }), _manager.Log);
    }

    [Test]
    public async Task Store_SessionsThatEnd_AreForgotten()
    {
        string[] atFirst = await _manager.NamesAsync();
        await using (Handle handle = await _manager.OpenAsync())
        {
            await using Handle narrow = await handle.ConstrainAsync(All, Words("a=b"), LabelSet.Empty);
            await using Listener listener = await narrow.ListenAsync(Words("service=short"));
            Assert.That((await _manager.NamesAsync()).Length, Is.GreaterThan(atFirst.Length));
        }

        Assert.That(
            await Patience.UntilAsync(async () => (await _manager.NamesAsync()).Length == atFirst.Length), Is.True);
        Assert.That(await _manager.NamesAsync(), Is.EqualTo(atFirst));
    }

    [Test]
    public async Task Replace_UnderAManager_ThenKill_KeepsEverything()
    {
        await using Handle handle = await _manager.OpenAsync();
        await using Handle narrow = await handle.ConstrainAsync(All, Words("tenant=blue"), LabelSet.Empty);
        await using Listener listener = await narrow.ListenAsync(Words("service=kept"));

        Mono.Unix.Native.Syscall.kill(_manager.MainProcess, Mono.Unix.Native.Signum.SIGUSR2);
        await _manager.ReadyAgainAsync();
        await _manager.KillAsync();

        await using Handle anew = await _manager.OpenAsync();
        Assert.That(await ServicesAsync(anew), Is.EqualTo(new[] { "kept" }), _manager.Log);
    }

    [Test]
    public async Task Kill_JournalThatContradictsItself_BeginsEmptyAndForgetsIt()
    {
        string[] atFirst = await _manager.NamesAsync();
        await using Handle handle = await _manager.OpenAsync();
        await using Listener listener = await handle.ListenAsync(Words("service=again"));
        string journal = Directory.GetFiles($"/proc/{_manager.Id}/fd")
            .Single(fd => new FileInfo(fd).LinkTarget?.Contains("flower-journal", StringComparison.Ordinal) ?? false);
        await using (FileStream stream = new(journal, FileMode.Append))
        {
            new JournalRecord { Node = new NodeState { Handle = 4711 } }.WriteDelimitedTo(stream);
        }

        await _manager.KillAsync();

        Assert.That(_manager.Log, Does.Contain("the switchboard begins empty: ").And.Contain("4711"));
        // The server's library finds the new board, and registers it again.
        await using Handle anew = await _manager.OpenAsync();
        Assert.That(
            await Patience.UntilAsync(async () => (await ServicesAsync(anew)).SequenceEqual(["again"])), Is.True, _manager.Log);
        await listener.DisposeAsync();
        await handle.DisposeAsync();
        await anew.DisposeAsync();
        Assert.That(
            await Patience.UntilAsync(async () => (await _manager.NamesAsync()).Length == atFirst.Length), Is.True);
        await _manager.KillAsync();
        Assert.That(await _manager.NamesAsync(), Has.Length.EqualTo(atFirst.Length));
    }

    private static LabelSet Words(params string[] words) => LabelSet.ParseWords(words);

    private static async Task EchoAsync(Listener listener)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            try
            {
                using Connection connection = await incoming.AcceptAsync();
                connection.Socket.Send([7]);
            }
            catch (Exception e) when (e is FlowerException or System.Net.Sockets.SocketException)
            {
                // Its client never heard of it: it asked again when the switchboard was back.
            }
        }
    }

    private static async Task ConnectAgainAndAgainAsync(Handle handle, Action connected, CancellationToken stop)
    {
        byte[] buffer = new byte[1];
        while (!stop.IsCancellationRequested)
        {
            using Connection connection =
                await handle.ConnectAsync(Words("service=echo"), null, CancellationToken.None).Within();
            connection.Socket.ReceiveTimeout = 10_000;
            Assert.That(await Task.Run(() => connection.Socket.Receive(buffer), CancellationToken.None), Is.EqualTo(1));
            connected();
        }
    }

    private static async Task<IncomingConnection> NextAsync(Listener listener)
    {
        await using IAsyncEnumerator<IncomingConnection> connections = listener.GetAsyncEnumerator();
        Assert.That(await connections.MoveNextAsync().Within(), Is.True);
        return connections.Current;
    }

    private static async Task<List<string?>> ServicesAsync(Handle handle)
    {
        List<string?> services = [];
        await foreach (TargetInfo target in handle.ListAsync(LabelSet.Empty))
        {
            services.Add(target.Labels["service"]);
        }

        return services;
    }
}
