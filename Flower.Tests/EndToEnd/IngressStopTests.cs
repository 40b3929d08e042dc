// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>How an ingress stops, and how one takes over from another.</summary>
public sealed class IngressStopTests : IngressTest
{
    private const int Restarts = 5;
    private const int Clients = 4;

    [Test]
    public async Task Stop_ConnectionWaits_IsFinishedFirst()
    {
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--wait", "25s");
        using Socket waiting = await ConnectAsync(address);
        await AwaitHeldAsync(ingress, address, 1);

        ingress.Signal(Signum.SIGTERM);
        Assert.That(await Patience.UntilAsync(() => Task.FromResult(!Answers(address))), Is.True, "it listens no more");
        await using LabelServer server = await ServeAsync();

        await waiting.SendAsync(Latin1(Get)).Within();
        AssertServedBy("www", await ReadAsync(waiting));
        Assert.That(await ingress.ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task Stop_Backlog_IsAcceptedFirst()
    {
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--wait", "25s", "--max-waiting", "1");
        Task<string>[] asking = [.. Enumerable.Range(0, 20).Select(_ => AskAsync(address))];
        await AwaitHeldAsync(ingress, address, 1);
        using Socket last = await ConnectAsync(address);

        ingress.Signal(Signum.SIGTERM);
        await using LabelServer server = await ServeAsync();

        foreach (Task<string> answer in asking)
        {
            AssertServedBy("www", await answer.Within());
        }

        await last.SendAsync(Latin1(Get)).Within();
        AssertServedBy("www", await ReadAsync(last));
        Assert.That(await ingress.ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task Stop_DrainTimeIsOver_RefusesWhatIsLeft()
    {
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--wait", "1h", "--drain", "200ms");
        using Socket waiting = await ConnectAsync(address);

        ingress.Signal(Signum.SIGTERM);

        Assert.That(await ingress.ExitAsync(), Is.Zero);
        Assert.That(await ReadAsync(waiting), Is.Empty);
        await ingress.Error.AwaitLineAsync("refused 127.0.0.1:", "the ingress is stopping");
    }

    [Test]
    public async Task Stop_SecondSignal_EndsAtOnce()
    {
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync(
            "--wait", "1h", "--drain", "1h", "--peek", "http", "--peek-timeout", "1h");
        using Socket peeked = await ConnectAsync(address);
        using Socket waiting = await ConnectAsync(address);
        await waiting.SendAsync(Latin1(Get)).Within();

        ingress.Signal(Signum.SIGTERM);
        Assert.That(await Patience.UntilAsync(() => Task.FromResult(!Answers(address))), Is.True);
        ingress.Signal(Signum.SIGINT);

        Assert.That(await ingress.ExitAsync(), Is.Zero);
        await ingress.Error.AwaitLineAsync($"refused {peeked.LocalEndPoint}: the ingress is stopping");
        await ingress.Error.AwaitLineAsync($"refused {waiting.LocalEndPoint}: the ingress is stopping");
    }

    [Test]
    public async Task Switchboard_KilledAndBack_PushedIsRefusedAndWhatComesMeanwhileIsHeld()
    {
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--wait", "1h");
        using Socket pushed = await ConnectAsync(address);
        await AwaitHeldAsync(ingress, address, 1);

        await Board.KillDaemonAsync();

        Assert.That(await ReadAsync(pushed), Is.Empty);
        await ingress.Error.AwaitLineAsync($"refused {pushed.LocalEndPoint}", "not pushed again");
        await ingress.Error.AwaitLineAsync("flower ingress: the switchboard has gone: waiting for it");
        Task<string> held = AskAsync(address);
        await AwaitHeldAsync(ingress, address, 1);
        await Board.StartAsync();
        await ingress.Error.AwaitLineAsync("flower ingress: the switchboard is back");
        await using LabelServer server = await ServeAsync();
        AssertServedBy("www", await held);
        AssertServedBy("www", await AskAsync(address));
    }

    [Test]
    public async Task Switchboard_StaysAway_HeldIsRefusedInTimeAndTheIngressStays()
    {
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--wait", "200ms");
        await Board.EndDaemonAsync();
        await ingress.Error.AwaitLineAsync("the switchboard has gone: waiting for it");

        Assert.That(await AskAsync(address), Is.Empty);

        await ingress.Error.AwaitLineAsync("refused 127.0.0.1:", "the switchboard has gone, and did not come back in time");
        ingress.Signal(Signum.SIGTERM);
        Assert.That(await ingress.ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task Restart_OneInheritedListenerUnderLoad_LosesNoRequest()
    {
        using var listeners = new InheritedListeners(Board, 1);
        string[] args = ["ingress", "accept", "systemd:web", "service=www", "--peek", "http"];
        await using LabelServer server = await ServeAsync();
        FlowerProcess current = await listeners.StartAsync("web", args);
        using var stop = new CancellationTokenSource();
        Task<int>[] clients = [.. Enumerable.Range(0, Clients).Select(_ => Task.Run(LoadAsync))];

        for (int i = 0; i < Restarts; i++)
        {
            FlowerProcess next = await listeners.StartAsync("web", args);
            current.Signal(Signum.SIGTERM);
            Assert.That(await current.ExitAsync(), Is.Zero);
            await next.Error.AwaitLineAsync("handed over");
            current = next;
        }

        await stop.CancelAsync();
        int[] served = await Task.WhenAll(clients).Within();
        Assert.That(served.Sum(), Is.GreaterThan(Restarts * Clients));
        Assert.That(server.Visits, Has.Count.EqualTo(served.Sum()));

        async Task<int> LoadAsync()
        {
            int requests = 0;
            while (!stop.IsCancellationRequested)
            {
                AssertServedBy("www", await AskAsync(listeners.Address(0)));
                requests++;
            }

            return requests;
        }
    }

    private static bool Answers(IPEndPoint address)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(address);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
