// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Where an ingress listens, and which labels that gives.</summary>
public sealed class IngressListenTests : IngressTest
{
    [Test]
    public async Task Accept_SeveralAddresses_ServesEachWithItsLabels()
    {
        string path = Path.Combine(Board.Folder, "in");
        await using LabelServer server = await ServeAsync();
        FlowerProcess ingress = await Board.FlowerReadyAsync(
            "ingress", "accept", "127.0.0.1:0", "[::]:0", "unix:" + path, "service=www");
        IPEndPoint four = await AddressAsync(ingress);
        int dual = (await AddressAsync(ingress, "[::]:")).Port;

        AssertServedBy("www", await AskAsync(four));
        AssertServedBy("www", await AskAsync(new IPEndPoint(IPAddress.Loopback, dual)));
        AssertServedBy("www", await AskAsync(new IPEndPoint(IPAddress.IPv6Loopback, dual)));
        AssertServedBy("www", await AskAsync(new UnixDomainSocketEndPoint(path)));

        ConnectionLabels[] labels = [.. server.Visits.Select(visit => visit.Labels)];
        string dualPort = dual.ToString(CultureInfo.InvariantCulture);
        Assert.That(Words(labels[0], "address_family", "client_address", "server_address"), Is.EqualTo(
            "inet 127.0.0.1 127.0.0.1"));
        Assert.That(Words(labels[1], "address_family", "client_address", "server_address", "server_port"), Is.EqualTo(
            $"inet 127.0.0.1 127.0.0.1 {dualPort}"));
        Assert.That(Words(labels[2], "address_family", "client_address", "server_address", "server_port"), Is.EqualTo(
            $"inet6 ::1 ::1 {dualPort}"));
        Assert.That(Words(labels[3], "address_family", "server_path", "client_pid"), Is.EqualTo(
            $"unix {path} {Environment.ProcessId}"));
        Assert.That(labels[3]["client_uid"], Is.EqualTo(Mono.Unix.Native.Syscall.getuid().ToString(
            CultureInfo.InvariantCulture)));
        Assert.That(labels[3]["client_gid"], Is.Not.Null);
        Assert.That(labels[3]["client_address"], Is.Null);
    }

    [Test]
    public async Task Accept_UnixPath_IsRemovedAtTheEndUnlessItIsAnothers()
    {
        string mine = Path.Combine(Board.Folder, "mine");
        string replaced = Path.Combine(Board.Folder, "replaced");
        FlowerProcess ingress = await Board.FlowerReadyAsync(
            "ingress", "accept", "unix:" + mine, "unix:" + replaced, "service=www");
        Assert.That(File.Exists(mine), Is.True);
        File.Delete(replaced);
        await File.WriteAllTextAsync(replaced, "somebody else's");

        ingress.Signal(Mono.Unix.Native.Signum.SIGTERM);

        Assert.That(await ingress.ExitAsync(), Is.Zero);
        Assert.That(File.Exists(mine), Is.False);
        Assert.That(await File.ReadAllTextAsync(replaced), Is.EqualTo("somebody else's"));
    }

    [Test]
    public async Task Accept_UnixPathOfADeadIngress_IsTaken()
    {
        string path = Path.Combine(Board.Folder, "in");
        await using LabelServer server = await ServeAsync();
        FlowerProcess first = await Board.FlowerReadyAsync("ingress", "accept", "unix:" + path, "service=www");
        FlowerProcess second = Board.Flower("ingress", "accept", "unix:" + path, "service=www");
        Assert.That(await second.ExitAsync(), Is.EqualTo(69));
        Assert.That(second.Error.Lines.Single(), Does.Contain("exists and is in use"));
        first.Kill();
        await first.ExitAsync();

        await Board.FlowerReadyAsync("ingress", "accept", "unix:" + path, "service=www");

        AssertServedBy("www", await AskAsync(new UnixDomainSocketEndPoint(path)));
    }

    [Test]
    public async Task Accept_SocketOptions_AreThoseOfAcceptedSockets()
    {
        await using LabelServer server = await ServeAsync();
        (_, IPEndPoint plain) = await StartAsync("--backlog", "16");
        (_, IPEndPoint tuned) = await StartAsync("--no-delay", "--keep-alive", "1m");

        await AskAsync(plain);
        await AskAsync(tuned);

        Assert.That(server.Visits.Select(v => (v.NoDelay, v.KeepAlive)), Is.EqualTo(
            new[] { (false, false), (true, true) }));
    }

    [Test]
    public async Task Accept_ReusePort_SharesThePort()
    {
        await using LabelServer server = await ServeAsync();
        (FlowerProcess first, IPEndPoint address) = await StartAsync("--reuse-port");
        FlowerProcess rival = Board.Flower("ingress", "accept", address.ToString(), "service=www");
        Assert.That(await rival.ExitAsync(), Is.EqualTo(69));

        FlowerProcess second = await Board.FlowerReadyAsync(
            "ingress", "accept", address.ToString(), "service=www", "--reuse-port");
        first.Signal(Mono.Unix.Native.Signum.SIGTERM);
        Assert.That(await first.ExitAsync(), Is.Zero);

        AssertServedBy("www", await AskAsync(address));
        await second.Error.AwaitLineAsync("handed over");
    }

    [Test]
    public async Task Accept_InheritedDescriptor_IsServedAndLeftOpen()
    {
        using var listeners = new InheritedListeners(Board, 2);
        await using LabelServer server = await ServeAsync();
        FlowerProcess ingress = await listeners.StartAsync("", "ingress", "accept", "fd:4", "service=www");

        AssertServedBy("www", await AskAsync(listeners.Address(1)));

        ingress.Signal(Mono.Unix.Native.Signum.SIGTERM);
        Assert.That(await ingress.ExitAsync(), Is.Zero);
        // It still listens: the connection stands in the backlog of whoever holds it too.
        using Socket later = await ConnectAsync(listeners.Address(1));
        Assert.That(later.Connected, Is.True);
    }

    [Test]
    public async Task Accept_SystemdSockets_ByNameOrAll()
    {
        using var listeners = new InheritedListeners(Board, 2);
        await using LabelServer server = await ServeAsync();
        FlowerProcess named = await listeners.StartAsync(
            "web:admin", "ingress", "accept", "systemd:admin", "service=www");
        Assert.That(named.Error.Lines.Single(), Does.EndWith($"listening on {listeners.Address(1)}"));
        AssertServedBy("www", await AskAsync(listeners.Address(1)));
        await named.DisposeAsync();

        FlowerProcess all = await listeners.StartAsync("web:admin", "ingress", "accept", "systemd", "service=www");

        AssertServedBy("www", await AskAsync(listeners.Address(0)));
        AssertServedBy("www", await AskAsync(listeners.Address(1)));
        Assert.That(all.Error.Lines.Count(line => line.Contains("listening on")), Is.EqualTo(2));
    }

    [Test]
    public async Task Accept_SystemdNameThatWasNotPassed_NamesThoseThatWere()
    {
        using var listeners = new InheritedListeners(Board, 1);
        FlowerProcess ingress = await listeners.BeginAsync("web", "ingress", "accept", "systemd:mail", "service=www");

        Assert.That(await ingress.ExitAsync(), Is.EqualTo(69));
        Assert.That(ingress.Error.Lines.Single(), Does.Contain("systemd:mail").And.Contain("but web"));
    }

    [TestCase(true)]
    [TestCase(false, "service=www")]
    [TestCase(false, "--quiet")]
    [TestCase(false, "--peek", "tls")]
    public async Task Labels_None_SaysWhereConnectionsGo(bool isSaid, params string[] more)
    {
        FlowerProcess ingress = await Board.FlowerReadyAsync(["ingress", "accept", "127.0.0.1:0", .. more]);
        ingress.Signal(Signum.SIGTERM);

        Assert.That(await ingress.ExitAsync(), Is.Zero);
        const string advice = "whatever server there is";
        Assert.That(ingress.Error.ToString(), isSaid ? Does.Contain(advice) : Does.Not.Contain(advice));
    }

    [TestCase(69, "LISTEN_FDS is not set", "systemd", "service=www")]
    [TestCase(69, "fd:77 is not a listening stream socket", "fd:77", "service=www")]
    [TestCase(64, "is not an address to listen on", "127.0.0.1:0", "localhost:80", "service=www")]
    [TestCase(64, "an address to listen on is missing", "service=www")]
    [TestCase(64, "'127.0.0.1' is not a label", "127.0.0.1:0", "service=www", "127.0.0.1")]
    [TestCase(64, "--backlog wants a number from 1 to 65535", "127.0.0.1:0", "--backlog", "0")]
    [TestCase(64, "'soon' is not a duration for --wait", "127.0.0.1:0", "--wait", "soon")]
    [TestCase(64, "is not a network for --proxy-protocol", "127.0.0.1:0", "--proxy-protocol", "10.0.0.1/8")]
    [TestCase(64, "--require-peek needs --peek", "127.0.0.1:0", "--require-peek")]
    [TestCase(64, "ftp", "127.0.0.1:0", "--peek", "ftp")]
    public async Task Accept_Mistake_IsOneLineAndAnExitCode(int code, string words, params string[] args)
    {
        FlowerProcess process = Board.Flower(["ingress", "accept", .. args]);

        Assert.That(await process.ExitAsync(), Is.EqualTo(code), process.Error.ToString());
        Assert.That(process.Error.Lines.Single(), Does.StartWith("flower ingress: ").And.Contain(words));
    }

    private static string Words(ConnectionLabels labels, params string[] keys) =>
        string.Join(' ', keys.Select(key => labels[key]));
}
