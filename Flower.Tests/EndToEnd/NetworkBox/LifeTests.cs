// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using System.Text;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>How a box with a network begins and ends: exit codes, signals, the terminal, what is missing.</summary>
public sealed class LifeTests : SharedBoardTest
{
    private const string Loop = "echo ready; while :; do sleep 0.05; done";

    [TestCase("exit 0", 0)]
    [TestCase("exit 42", 42)]
    [TestCase("kill -KILL $$", 137)]
    public async Task Life_CommandEnds_ItsEndIsOurs(string script, int code)
    {
        FlowerProcess box = NetworkBoxes.Start(Board, [], "sh", "-c", script);

        Assert.That(await box.ExitAsync(), Is.EqualTo(code), box.Error.ToString());
        Assert.That(box.Error.Lines, Is.Empty);
    }

    [TestCase(Signum.SIGTERM, "TERM")]
    [TestCase(Signum.SIGINT, "INT")]
    [TestCase(Signum.SIGUSR1, "USR1")]
    public async Task Life_Signal_ReachesTheCommand(Signum signal, string name)
    {
        FlowerProcess box = NetworkBoxes.Start(Board, [], "sh", "-c", $"trap 'echo got {name}; exit 9' {name}; {Loop}");
        await box.Out.AwaitLineAsync("ready");

        box.Signal(signal);

        Assert.That(await box.ExitAsync(), Is.EqualTo(9), box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { "ready", $"got {name}" }));
    }

    [Test]
    public async Task Life_SignalThatTheCommandDoesNotHandle_EndsIt()
    {
        FlowerProcess box = NetworkBoxes.Start(Board, [], "sh", "-c", Loop);
        await box.Out.AwaitLineAsync("ready");

        box.Signal(Signum.SIGTERM);

        Assert.That(await box.ExitAsync(), Is.EqualTo(143), box.Error.ToString());
    }

    [Test]
    public async Task Life_CommandEnds_WhatItLeftBehindEndsToo()
    {
        FlowerProcess box = NetworkBoxes.Start(Board, [], "sh", "-c", "setsid sleep 1000 & exit 3");

        Assert.That(await box.ExitAsync(), Is.EqualTo(3), box.Error.ToString());
    }

    [Test]
    public async Task Life_CtrlC_IsTheCommandsAlone()
    {
        FlowerProcess terminal = Board.Program(
            Programs.Require("python3"), [Programs.OnTerminal, Programs.Flower, "run", "--box", .. BoxTest.Shown, "--",
            "sh", "-c", $"trap 'echo got INT; exit 9' INT; {Loop}"]);

        Assert.That(await terminal.ExitAsync(), Is.Zero, terminal.Error.ToString());
        Assert.That(terminal.Out.Lines, Does.Contain("^Cgot INT").And.Contain("exit 9"));
        Assert.That(terminal.Out.Lines.Count(line => line.Contains("got INT")), Is.EqualTo(1));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Life_BoxIsUp_ItOrTheCommandThatIsShownTheWayTellsTheServiceManager(bool isShown)
    {
        string path = NewPath();
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(path));
        string[] shown = isShown ? ["--bind", path] : [];
        FlowerProcess box = Board.Program(
            Programs.Require("env"),
            [
                $"NOTIFY_SOCKET={path}", Programs.Flower, "run", "--box", .. BoxTest.Shown, .. shown, "--",
                "sh", "-c", $"echo \"${{NOTIFY_SOCKET-hidden}}\"; {Loop}",
            ]);
        await box.Out.AwaitLineAsync("ready");
        box.Signal(Signum.SIGTERM);

        Assert.That(await box.ExitAsync(), Is.EqualTo(143), box.Error.ToString());
        Assert.That(box.Out.Lines[0], Is.EqualTo(isShown ? path : "hidden"));
        byte[] said = new byte[64];
        int count = manager.Available > 0 ? manager.Receive(said) : 0;
        Assert.That(Encoding.ASCII.GetString(said, 0, count), Is.EqualTo(isShown ? "" : "READY=1"));
    }

    [Test]
    public async Task Life_InputAndOutput_AreTheCommands()
    {
        FlowerProcess box = NetworkBoxes.Start(Board, [], "sh", "-c", "cat; echo to standard error >&2");
        await box.WriteLineAsync("a tulip");
        box.CloseInput();

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { "a tulip" }));
        Assert.That(box.Error.Lines, Is.EqualTo(new[] { "to standard error" }));
    }

    [Test]
    public async Task Life_NoSwitchboard_NothingIsStarted()
    {
        string marker = NewPath();
        FlowerProcess box = Board.Flower(
            [
                "run", "--box", .. BoxTest.Shown, "--bind", Board.Folder, "--switchboard", $"unix:{Board.Folder}/none",
                "--", "touch", marker,
            ]);

        await AssertRefusedAsync(box, 69, marker, "none");
    }

    [Test]
    public async Task Life_NoSuchCommand_Is127()
    {
        FlowerProcess box = NetworkBoxes.Start(Board, [], "no-such-command");

        Assert.That(await box.ExitAsync(), Is.EqualTo(127), box.Error.ToString());
        Assert.That(box.Error.Lines.Single(), Does.StartWith("flower run: ").And.Contain("no-such-command"));
    }

    [TestCase("bwrap", "bubblewrap")]
    [TestCase("nft", "nftables")]
    [TestCase("ip", "iproute2")]
    public async Task Life_ToolMissing_NamesThePackage(string missing, string package)
    {
        string marker = NewPath();
        string tools = CopyTools(missing);

        await AssertRefusedAsync(RunWith(tools, marker), 69, marker, package);
    }

    [Test]
    public async Task Life_KernelWithoutNftables_SaysSo()
    {
        string marker = NewPath();
        string tools = CopyTools("nft");
        string nft = Path.Combine(tools, "nft");
        await File.WriteAllTextAsync(
            nft, "#!/bin/sh\necho 'Error: Could not process rule: Operation not supported' >&2\nexit 1\n");
        File.SetUnixFileMode(nft, (UnixFileMode)0b111_101_101);

        // What nft says stands on standard error, too.
        FlowerProcess box = RunWith(tools, marker);
        await AssertRefusedAsync(box, 69, marker, "nft");
        Assert.That(box.Error.ToString(), Does.Contain("Operation not supported"));
    }

    [Test]
    public async Task Life_NoUserNamespaces_SaysSo()
    {
        string marker = NewPath();
        string[] run =
            [Programs.Flower, "run", "--box", .. BoxTest.Shown, "--bind", Board.Folder, "--", "touch", marker];
        FlowerProcess box = Board.Program(
            Programs.Require("unshare"),
            [
                "--user", "--map-root-user", "--", "sh", "-c",
                "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$@\"", "sh", .. run,
            ]);

        await AssertRefusedAsync(box, 69, marker, "user namespace");
    }

    private static async Task AssertRefusedAsync(FlowerProcess box, int code, string marker, string words)
    {
        Assert.That(await box.ExitAsync(), Is.EqualTo(code), box.Error.ToString());
        Assert.That(File.Exists(marker), Is.False, "the command never ran");
        Assert.That(
            box.Error.Lines.Where(line => line.StartsWith("flower run: ", StringComparison.Ordinal)).ToList(),
            Has.Some.Contains(words), box.Error.ToString());
    }

    // Where else a tool is looked for besides PATH, it is not there.
    private FlowerProcess RunWith(string tools, string marker) => Board.Program(
        Programs.Require("bwrap"),
        [
            "--dev-bind", "/", "/", "--tmpfs", "/usr/sbin", "--setenv", "PATH", tools, "--",
            Programs.Flower, "run", "--box", .. BoxTest.Shown, "--bind", Board.Folder, "--",
            Path.Combine(tools, "touch"), marker,
        ]);

    // A folder with all that flower run and the command may need, but for one.
    private string CopyTools(string missing)
    {
        string folder = Directory.CreateDirectory(NewPath()).FullName;
        string[] tools = ["bwrap", "nft", "ip", "unshare", "true", "sh", "touch"];
        foreach (string tool in tools.Where(tool => tool != missing))
        {
            File.Copy(Programs.Require(tool, "/usr/sbin"), Path.Combine(folder, tool));
        }

        return folder;
    }
}
