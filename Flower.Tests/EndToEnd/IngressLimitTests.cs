// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Connections that wait, and what an ingress does when it runs out of something.</summary>
public sealed class IngressLimitTests : IngressTest
{
    private const int Crowd = 150;

    // What a process uses in a second in which it does nothing but rest and try again; spinning uses all of it.
    private static readonly TimeSpan AlmostNothing = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan ASecond = TimeSpan.FromSeconds(1);

    [Test]
    public async Task Wait_ServerComesLater_GetsTheConnection()
    {
        (_, IPEndPoint address) = await StartAsync("--wait", "20s");
        Task<string> asking = AskAsync(address);
        using Socket second = await ConnectAsync(address);

        await using LabelServer server = await ServeAsync();

        AssertServedBy("www", await asking.Within());
        await second.SendAsync(Latin1(Get)).Within();
        AssertServedBy("www", await ReadAsync(second));
    }

    [Test]
    public async Task Wait_NobodyComes_IsRefusedInTime()
    {
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--wait", "200ms");

        Assert.That(await AskAsync(address), Is.Empty);

        await ingress.Error.AwaitLineAsync("refused 127.0.0.1:", "no server took it within the time of --wait");
    }

    [Test]
    public async Task MaxWaiting_More_StayInTheBacklogUntilThereIsRoom()
    {
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--wait", "20s", "--max-waiting", "2");
        Task<string>[] asking = [.. Enumerable.Range(0, 10).Select(_ => AskAsync(address))];
        await AwaitHeldAsync(ingress, address, 2);
        TimeSpan before = ingress.CpuTime;
        await MeasureAsync(ASecond);
        Assert.That(ingress.CpuTime - before, Is.LessThan(AlmostNothing), "it spins");
        await AwaitHeldAsync(ingress, address, 2);

        await using LabelServer server = await ServeAsync();

        foreach (Task<string> answer in asking)
        {
            AssertServedBy("www", await answer.Within());
        }
    }

    [Test]
    public async Task MaxWaiting_OneAddressWantsAll_LeavesAQuarterToOthers()
    {
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--wait", "25s", "--max-waiting", "4");
        Task<string>[] asking = [.. Enumerable.Range(0, 3).Select(_ => AskAsync(address))];
        await AwaitHeldAsync(ingress, address, 3);

        Assert.That(await AskAsync(address), Is.Empty);

        await ingress.Error.AwaitLineAsync("refused 127.0.0.1:", "3 connections of its address wait already");
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        await other.ConnectAsync(address).Within();
        await other.SendAsync(Latin1(Get)).Within();
        await AwaitHeldAsync(ingress, address, 4);
        await using LabelServer server = await ServeAsync();
        AssertServedBy("www", await ReadAsync(other));
        foreach (Task<string> answer in asking)
        {
            AssertServedBy("www", await answer.Within());
        }

        // Nobody waits any more.
        AssertServedBy("www", await AskAsync(address));
    }

    [Test]
    public async Task Descriptors_FewLeft_RestsSaysSoOnceAndLosesNothing()
    {
        // A managed build has a hundred for its assemblies.
        int limit = Programs.IsManaged ? 256 : 128;
        string prlimit = Programs.Require("prlimit");
        FlowerProcess ingress = Board.Program(
            prlimit, $"--nofile={limit}:{limit}", Programs.Flower,
            "ingress", "accept", "127.0.0.1:0", "service=www", "--wait", "25s");
        await ingress.ReadyAsync();
        IPEndPoint address = await AddressAsync(ingress);
        Task<string>[] asking = [.. Enumerable.Range(0, Crowd).Select(_ => AskAsync(address))];
        await ingress.Error.AwaitLineAsync($"{limit} descriptors are nearly used up: raise ulimit -n");
        TimeSpan before = ingress.CpuTime;
        await MeasureAsync(ASecond);
        Assert.That(ingress.CpuTime - before, Is.LessThan(AlmostNothing), "it spins");
        Assert.That(ingress.Error.Lines.Count(line => line.Contains("ulimit")), Is.EqualTo(1), "said once");

        await using LabelServer server = await ServeAsync();

        foreach (Task<string> answer in asking)
        {
            AssertServedBy("www", await answer.Within());
        }
    }

    [Test]
    public async Task Descriptors_NoneLeft_RestsAndRecovers()
    {
        if (Programs.IsManaged)
        {
            Assert.Ignore("the runtime of a managed build aborts now and then when it has no descriptor for its own files");
        }

        string prlimit = Programs.Require("prlimit");
        await using LabelServer server = await ServeAsync();
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync();
        AssertServedBy("www", await AskAsync(address));
        await LimitAsync(prlimit, ingress, 10);

        Task<string>[] asking = [.. Enumerable.Range(0, 20).Select(_ => AskAsync(address))];
        await ingress.Error.AwaitLineAsync("no descriptor left to accept a connection: raise ulimit -n; trying again");
        TimeSpan before = ingress.CpuTime;
        await MeasureAsync(ASecond);
        Assert.That(ingress.CpuTime - before, Is.LessThan(AlmostNothing), "it spins");
        Assert.That(ingress.Error.Lines.Count(line => line.Contains("ulimit")), Is.EqualTo(1), "said once");
        await LimitAsync(prlimit, ingress, 1000);

        foreach (Task<string> answer in asking)
        {
            AssertServedBy("www", await answer.Within());
        }
    }

    [Test]
    public async Task Descriptors_HundredsOfConnections_DoNotLeak()
    {
        await using LabelServer server = await ServeAsync();
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--peek", "http");
        AssertServedBy("www", await AskAsync(address));
        // The runtime may open one or two of its own meanwhile.
        IReadOnlyList<string> before = ingress.OpenDescriptors;

        for (int i = 0; i < 300; i++)
        {
            AssertServedBy("www", await AskAsync(address));
            if (i % 10 == 0)
            {
                Assert.That(await AskAsync(address, "GET / HTTP/1.1\r\nHost: nobody?\r\n\r\n"), Is.Not.Null);
            }
        }

        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(ingress.OpenDescriptors.Count <= before.Count + 2)),
            Is.True,
            string.Join('\n', ingress.OpenDescriptors.Except(before)));
    }

    [Test]
    public async Task Quiet_Success_IsNotSaid()
    {
        FlowerProcess ingress = Board.Flower("ingress", "accept", "127.0.0.1:0", "service=www");
        await ingress.ReadyAsync();
        IPEndPoint address = await AddressAsync(ingress);
        await ingress.DisposeAsync();
        FlowerProcess quiet = await Board.FlowerReadyAsync(
            "ingress", "accept", address.ToString(), "service=www", "-q");
        await using (LabelServer server = await ServeAsync())
        {
            AssertServedBy("www", await AskAsync(address));
        }

        Assert.That(await AskAsync(address), Is.Empty);

        await quiet.Error.AwaitLineAsync("refused 127.0.0.1:", "nothing matches");
        Assert.That(quiet.Error.Lines, Has.Count.EqualTo(1));
    }

    // What is measured is the use of time itself.
    private static Task MeasureAsync(TimeSpan time) => Task.Delay(time);

    private static async Task LimitAsync(string prlimit, FlowerProcess process, int descriptors)
    {
        string id = process.Id.ToString(CultureInfo.InvariantCulture);
        using Process setting = Process.Start(prlimit, ["--pid", id, $"--nofile={descriptors}:"]);
        await setting.WaitForExitAsync().Within();
        Assert.That(setting.ExitCode, Is.Zero);
    }
}
