// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>What a command in a box of <c>flower run --no-network</c> can reach, and what it cannot.</summary>
public sealed class BoxTests : BoxTest
{
    [Test]
    public async Task Box_Network_IsLoopbackAlone()
    {
        FlowerProcess box = Box([], Programs.Require("ip", "/usr/sbin", "/sbin"), "-o", "link");

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines.Single(), Does.Contain(" lo: "));
    }

    [Test]
    public async Task Box_EveryOtherWayOut_IsClosed()
    {
        string home = Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), $".flower-test-{Guid.NewGuid():N}");
        Directory.CreateDirectory(home);
        try
        {
            string inTemporary = Path.Combine(Board.Folder, "service");
            string inHome = Path.Combine(home, "service");
            using Socket temporary = ListenAt(new UnixDomainSocketEndPoint(inTemporary));
            using Socket elsewhere = ListenAt(new UnixDomainSocketEndPoint(inHome));
            string name = $"flower-test-{Guid.NewGuid():N}";
            using Socket named = ListenAt(new UnixDomainSocketEndPoint('\0' + name));
            using Socket tcp = ListenAt(new IPEndPoint(IPAddress.Loopback, 0));
            FlowerProcess outside = Board.Program("sleep", "60");
            string[] arguments =
            [
                "doors", $"{((IPEndPoint)tcp.LocalEndPoint!).Port}", name, $"{outside.Id}", Board.Handle, Board.Admin,
                inTemporary, inHome,
            ];
            string python = Programs.Require("python3");

            FlowerProcess without = Board.Flower(["run", "--", python, Programs.BoxProbe, .. arguments]);
            FlowerProcess box = Box([], [python, Programs.BoxProbe, .. arguments]);

            Assert.That(await without.ExitAsync(), Is.Zero, without.Error.ToString());
            Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
            Assert.That(
                without.Out.Lines.Take(6).Where(line => !line.EndsWith(" open", StringComparison.Ordinal)), Is.Empty,
                "the probe reaches all of it without a box");
            Assert.That(box.Out.Lines, Has.Count.EqualTo(17).And.None.EndsWith(" open"));
            Assert.That(box.Out.Lines, Does.Contain("tcp EACCES").Or.Contain("tcp ECONNREFUSED"));
            Assert.That(box.Out.Lines, Does.Contain($"{inHome} ECONNREFUSED").And.Contain($"{Board.Handle} ENOENT"));
            Assert.That(box.Out.Lines, Does.Contain("vsock EAFNOSUPPORT").And.Contain("ptrace ESRCH"));
            Assert.That(
                box.Out.Lines, Does.Contain("fastopen ENOTSUP").And.Contain("fastopen-message ENOTSUP"));
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    [Test]
    public async Task Box_SessionsFromInside_AreAttestedAsFromOutside()
    {
        await using LabelServer server = await LabelServer.StartAsync(Board, "served", ("service", "www"));
        FlowerProcess cat = Box([], Programs.Flower, "cat", "service=www");
        cat.CloseInput();

        Assert.That(await cat.ExitAsync(), Is.Zero, cat.Error.ToString());
        LabelServer.Visit visit = await server.FirstAsync();
        Assert.That(
            visit.Labels["flower.client_uid"],
            Is.EqualTo(Syscall.geteuid().ToString(CultureInfo.InvariantCulture)));
        Assert.That(
            int.Parse(visit.Labels["flower.client_pid"]!, CultureInfo.InvariantCulture), Is.GreaterThan(cat.Id));
    }

    [Test]
    public async Task Box_TcpSocketFromAnEgress_CannotBeConnectedElsewhere()
    {
        using Socket allowed = ListenAt(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket other = ListenAt(new IPEndPoint(IPAddress.Loopback, 0));
        await Board.FlowerReadyAsync(
            "egress", "connect", "--to", $"127.0.0.1:{((IPEndPoint)allowed.LocalEndPoint!).Port}", "service=db");

        FlowerProcess box = Box(
            ["--out", "service=db"], Programs.Flower, "connect", "--fd", "5", "--", Programs.Require("python3"),
            Programs.BoxProbe, "reconnect", "5", $"{((IPEndPoint)other.LocalEndPoint!).Port}");

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        if (box.Error.ToString().Contains("this kernel cannot keep a TCP socket", StringComparison.Ordinal))
        {
            Assert.Ignore("needs Linux 6.7 with Landlock");
        }

        Assert.That(box.Out.Lines, Is.EqualTo(new[] { "disconnect open", "elsewhere EACCES" }));
    }

    [Test]
    public async Task Box_Bind_ShowsFilesAndOpensSocketsButNoSwitchboard()
    {
        string folder = Path.Combine(Board.Folder, "shown");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "file"), "seen\n");
        await File.WriteAllTextAsync(Path.Combine(Board.Folder, "other"), "not seen\n");
        string path = Path.Combine(folder, "service");
        using Socket service = ListenAt(new UnixDomainSocketEndPoint(path));
        string probe = $"python3 {Programs.BoxProbe} sockets {path} {Board.Handle} {Board.Admin}";

        FlowerProcess some = BoxShell(
            ["--bind", folder], $"cat {folder}/file; ls {Board.Folder}; echo more >>{folder}/file; {probe}");
        FlowerProcess all = BoxShell(["--bind", Board.Folder], probe);
        FlowerProcess door = BoxShell(["--bind", Board.Handle], probe);

        Assert.That(await some.ExitAsync(), Is.Zero, some.Error.ToString());
        Assert.That(
            some.Out.Lines,
            Is.EqualTo(new[]
                { "seen", "shown", $"{path} open", $"{Board.Handle} ENOENT", $"{Board.Admin} ENOENT" }));
        Assert.That(await File.ReadAllTextAsync(Path.Combine(folder, "file")), Is.EqualTo("seen\nmore\n"));
        Assert.That(await all.ExitAsync(), Is.Zero, all.Error.ToString());
        Assert.That(all.Out.Lines, Is.EqualTo(new[]
            { $"{path} open", $"{Board.Handle} ECONNREFUSED", $"{Board.Admin} ECONNREFUSED" }));
        Assert.That(await door.ExitAsync(), Is.Zero, door.Error.ToString());
        Assert.That(door.Out.Lines, Is.EqualTo(new[]
            { $"{path} ENOENT", $"{Board.Handle} open", $"{Board.Admin} ENOENT" }));
    }

    [Test]
    public async Task Box_Descriptors_AreTheHandleAlone()
    {
        FlowerProcess box = Board.Program(
            Programs.Require("bash"),
            ["-c", "exec \"$@\" 7</etc/passwd", "bash", Programs.Flower, "run", "--no-network", .. Shown, "--",
            "sh", "-c", "ls /proc/$$/fd; echo $FLOWER_SWITCHBOARD $NOTIFY_SOCKET"]);

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { "0", "1", "2", "3", "fd:3" }));
    }

    private static Socket ListenAt(EndPoint address)
    {
        var socket = new Socket(
            address.AddressFamily,
            SocketType.Stream,
            address is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        socket.Bind(address);
        socket.Listen();
        return socket;
    }
}
