// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A switchboard that is killed and started again on the same path, which kept nothing.</summary>
public sealed class ReconnectTests : EndToEndTest
{
    private const int Clients = 4;
    private const int Kills = 4;
    private const int Between = 50;

    private static readonly LabelSet Victim = LabelSet.Create(("program", "victim"));

    [Test]
    public async Task Kill_WhileClientsConnect_NoneFailsAndTheServerIsListedOnce()
    {
        await using Client.Handle serving = await Board.OpenAsync();
        await using Listener listener = await serving.ListenAsync(Victim).Within();
        Task server = ServeAsync(listener);
        await using Client.Handle handle = await Board.OpenAsync();
        using var stop = new CancellationTokenSource();
        int served = 0;
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(_ => Task.Run(ConnectAsync))];

        for (int i = 0; i < Kills; i++)
        {
            await ServedAsync(Between);
            await Board.KillDaemonAsync();
            await Board.StartAsync();
            await ServedAsync(Between);
            Assert.That(await ListAsync(handle), Has.Count.EqualTo(1));
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients).Within();
        await listener.DisposeAsync();
        await server.Within();
        Assert.That(await ListAsync(handle), Is.Empty);

        async Task ConnectAsync()
        {
            byte[] buffer = new byte[1];
            while (!stop.IsCancellationRequested)
            {
                using Connection connection = await handle.ConnectAsync(Victim, new() { Wait = true }).Within();
                Assert.That(await connection.Socket.ReceiveAsync(buffer).Within(), Is.EqualTo(1));
                Interlocked.Increment(ref served);
            }
        }

        async Task ServedAsync(int more)
        {
            int goal = Volatile.Read(ref served) + more;
            Task<bool> done = Patience.UntilAsync(() => Task.FromResult(Volatile.Read(ref served) >= goal));
            await Task.WhenAny(done, Task.WhenAll(clients));
            foreach (Task failed in clients.Where(client => client.IsFaulted))
            {
                await failed;
            }

            Assert.That(await done, Is.True);
        }
    }

    [Test]
    public async Task Kill_WhileSocketsArePushed_NoneIsDeliveredTwice()
    {
        await using Client.Handle serving = await Board.OpenAsync();
        await using Listener listener = await serving.ListenAsync(Victim).Within();
        var deliveries = new ConcurrentDictionary<string, int>();
        Task server = CountAsync(listener, deliveries);
        await using Client.Handle handle = await Board.OpenAsync();
        using var stop = new CancellationTokenSource();
        int pushed = 0;
        var failures = new ConcurrentQueue<FlowerException>();
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(_ => Task.Run(PushAsync))];

        for (int i = 0; i < Kills; i++)
        {
            int goal = Volatile.Read(ref pushed) + Between;
            Assert.That(
                await Patience.UntilAsync(() => Task.FromResult(Volatile.Read(ref pushed) >= goal)), Is.True);
            await Board.KillDaemonAsync();
            await Board.StartAsync();
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients).Within();
        await listener.DisposeAsync();
        await server.Within();
        Assert.That(deliveries.Values, Has.All.EqualTo(1));
        Assert.That(deliveries, Has.Count.GreaterThanOrEqualTo(Between * Kills));
        Assert.That(failures.Select(e => e.StatusCode), Has.All.EqualTo(StatusCode.Unavailable));
        Assert.That(failures, Has.Count.AtMost(Clients * Kills));

        async Task PushAsync()
        {
            while (!stop.IsCancellationRequested)
            {
                (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
                using (kept)
                {
                    try
                    {
                        string name = Guid.NewGuid().ToString("N");
                        await handle.PushDescriptorAsync(
                            given, LabelSet.Create(("program", "victim"), ("number", name)), new() { Wait = true }).Within();
                        Interlocked.Increment(ref pushed);
                    }
                    catch (FlowerException e)
                    {
                        failures.Enqueue(e);
                    }
                }
            }
        }
    }

    [Test]
    public async Task Kill_HolderOfADescriptor_IsToldToStartAgain()
    {
        await using Client.Handle handle = await Board.OpenAsync();
        using Descriptor inherited =
            await handle.ConstrainToDescriptorAsync([Right.List], LabelSet.Empty, LabelSet.Empty).Within();
        await using Client.Handle holder =
            await Client.Handle.OpenAsync($"fd:{(int)inherited.DangerousGetHandle()}");
        await ListAsync(holder);

        await Board.KillDaemonAsync();
        await Board.StartAsync();

        await holder.Closed.Within();
        FlowerException? e = await Assert.ThrowsAsync<FlowerException>(() => ListAsync(holder));
        Assert.That(e?.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e?.Message, Does.Contain("start this program again"));
        Assert.That(await ListAsync(handle), Is.Empty, "by path it goes on");
    }

    [Test]
    public async Task Kill_ServeAndEgress_RegisterAgainAndSaySo()
    {
        using var destination = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        destination.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        destination.Listen();
        FlowerProcess serve = await Board.FlowerReadyAsync("serve", "service=echo", "--", "cat");
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--to", destination.LocalEndPoint!.ToString()!, "service=out");
        await using Client.Handle handle = await Board.OpenAsync();
        using Dialogue before = await Dialogue.OpenAsync(handle, ("service", "echo"));

        await Board.KillDaemonAsync();
        await serve.Error.AwaitLineAsync("flower serve: the switchboard has gone: waiting for it");
        await egress.Error.AwaitLineAsync("flower egress: the switchboard has gone: waiting for it");
        await Board.StartAsync();
        await serve.Error.AwaitLineAsync("flower serve: the switchboard is back");
        await egress.Error.AwaitLineAsync("flower egress: the switchboard is back");

        var wait = new ConnectOptions { Wait = true };
        using Connection echo = await handle.ConnectAsync(LabelSet.Create(("service", "echo")), wait).Within();
        using Connection through = await handle.ConnectAsync(LabelSet.Create(("service", "out")), wait).Within();
        Assert.That(through.Socket.RemoteEndPoint, Is.EqualTo(destination.LocalEndPoint));
        Assert.That(await ListAsync(handle), Has.Count.EqualTo(2));
        await before.SayAsync("still served");
        Assert.That(await before.HearAsync(), Is.EqualTo("still served"));
    }

    [Test]
    public async Task Kill_CatThatListens_TakesItsConnectionAfterwards()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=patient");
        await Board.KillDaemonAsync();
        await Board.StartAsync();
        await using Client.Handle handle = await Board.OpenAsync();

        using (Connection connection = await handle.ConnectAsync(
            LabelSet.Create(("program", "patient")), new() { Wait = true }).Within())
        {
            await connection.Socket.SendAsync("hello\n"u8.ToArray()).Within();
        }

        await server.Out.AwaitLineAsync("hello");
        Assert.That(await server.ExitAsync(), Is.Zero);
        Assert.That(server.Error.Lines, Is.Empty);
    }

    [Test]
    public async Task Kill_BeforeATool_ItFailsAtOnce()
    {
        await Board.KillDaemonAsync();

        FlowerProcess list = Board.Flower("ls");

        Assert.That(await list.ExitAsync(), Is.EqualTo(69));
        Assert.That(list.Error.Lines.Single(), Does.Contain("start one with: flower switchboard"));
        await Board.StartAsync();
    }

    private static async Task ServeAsync(Listener listener)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            try
            {
                using Connection connection = await incoming.AcceptAsync();
                connection.Socket.Send("x"u8);
            }
            catch (Exception e) when (e is FlowerException or SocketException)
            {
                // The switchboard went away before its client heard of it.
            }
        }
    }

    private static async Task CountAsync(Listener listener, ConcurrentDictionary<string, int> deliveries)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            try
            {
                using Connection connection = await incoming.AcceptAsync();
                deliveries.AddOrUpdate(connection.Labels["number"]!, 1, (_, count) => count + 1);
            }
            catch (FlowerException)
            {
                // Void.
            }
        }
    }

    private static async Task<List<TargetInfo>> ListAsync(Client.Handle handle)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        var targets = new List<TargetInfo>();
        await foreach (TargetInfo target in handle.ListAsync(LabelSet.Empty, limit.Token))
        {
            targets.Add(target);
        }

        return targets;
    }
}
