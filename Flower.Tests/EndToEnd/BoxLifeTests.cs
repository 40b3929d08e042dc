// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>How a box begins and ends: exit codes, signals, the terminal, errors.</summary>
public sealed class BoxLifeTests : BoxTest
{
    private const string Loop = "echo ready; while :; do sleep 0.05; done";

    [TestCase("exit 0", 0)]
    [TestCase("exit 42", 42)]
    [TestCase("kill -KILL $$", 137)]
    [TestCase("kill -TERM $$", 143)]
    public async Task Box_CommandEnds_ItsEndIsOurs(string script, int code)
    {
        FlowerProcess box = Box([], "sh", "-c", script);

        Assert.That(await box.ExitAsync(), Is.EqualTo(code));
        Assert.That(box.Error.Lines, Is.Empty);
    }

    [Test]
    public async Task Box_IsUp_TellsTheServiceManagerThatTheCommandDoesNotSee()
    {
        FlowerProcess box = Box([], "sh", "-c", $"echo \"${{NOTIFY_SOCKET-hidden}}\"; {Loop}");
        await box.ReadyAsync();
        await box.Out.AwaitLineAsync("ready");
        box.Signal(Signum.SIGTERM);

        Assert.That(await box.ExitAsync(), Is.EqualTo(143));
        Assert.That(box.Out.Lines[0], Is.EqualTo("hidden"));
    }

    [TestCase(Signum.SIGTERM, "TERM")]
    [TestCase(Signum.SIGINT, "INT")]
    [TestCase(Signum.SIGHUP, "HUP")]
    [TestCase(Signum.SIGUSR1, "USR1")]
    public async Task Box_Signal_ReachesTheCommand(Signum signal, string name)
    {
        FlowerProcess box = Box([], "sh", "-c", $"trap 'echo got {name}; exit 9' {name}; {Loop}");
        await box.Out.AwaitLineAsync("ready");

        box.Signal(signal);

        Assert.That(await box.ExitAsync(), Is.EqualTo(9));
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { "ready", $"got {name}" }));
    }

    [Test]
    public async Task Box_SignalThatTheCommandDoesNotHandle_EndsIt()
    {
        FlowerProcess box = Box([], "sh", "-c", Loop);
        await box.Out.AwaitLineAsync("ready");

        box.Signal(Signum.SIGTERM);

        Assert.That(await box.ExitAsync(), Is.EqualTo(143));
    }

    [Test]
    public async Task Box_WeAreKilled_NothingOfItIsLeft()
    {
        FlowerProcess box = Box([], "sh", "-c", $"sleep 1000 & {Loop}");
        await box.Out.AwaitLineAsync("ready");

        box.Kill();

        // Standard output ends when the last process that has it does.
        Assert.That(await box.ExitAsync(), Is.EqualTo(137));
    }

    [Test]
    public async Task Box_CommandEnds_WhatItLeftBehindEndsToo()
    {
        FlowerProcess box = Box([], "sh", "-c", "setsid sleep 1000 & exit 3");

        Assert.That(await box.ExitAsync(), Is.EqualTo(3));
    }

    [Test]
    public async Task Box_CtrlC_IsTheCommandsAlone()
    {
        FlowerProcess terminal = Board.Program(
            Programs.Require("python3"), [Programs.OnTerminal, Programs.Flower, "run", "--no-network", .. Shown, "--",
            "sh", "-c", $"trap 'echo got INT; exit 9' INT; {Loop}"]);

        Assert.That(await terminal.ExitAsync(), Is.Zero, terminal.Error.ToString());
        Assert.That(terminal.Out.Lines, Does.Contain("^Cgot INT").And.Contain("exit 9"));
        Assert.That(terminal.Out.Lines.Count(line => line.Contains("got INT")), Is.EqualTo(1));
    }

    [Test]
    public async Task Box_Terminal_CannotBeTypedOn()
    {
        string python = Programs.Require("python3");
        FlowerProcess terminal = Board.Program(
            python, [Programs.OnTerminal, Programs.Flower, "run", "--no-network", .. Shown, "--",
            python, Programs.BoxProbe, "terminal"]);

        Assert.That(await terminal.ExitAsync(), Is.Zero, terminal.Error.ToString());
        Assert.That(
            terminal.Out.Lines, Is.EqualTo(new[] { "TIOCSTI EPERM", "wide TIOCSTI EPERM", "exit 0" }));
    }

    [Test]
    public async Task Box_WithoutBubblewrap_NamesThePackage()
    {
        FlowerProcess box = Board.Program(
            Programs.Require("env"), ["PATH=/no/where", Programs.Flower, "run", "--no-network", .. Shown, "--",
            Programs.Require("true")]);

        await AssertFailsAsync(box, 69, "apt install bubblewrap");
    }

    [Test]
    public async Task Box_WorkingDirectoryHidden_SaysWhatToBind()
    {
        FlowerProcess box = Board.Program(
            Programs.Require("env"), "-C", Board.Folder, Programs.Flower, "run", "--no-network", "--", "true");

        await AssertFailsAsync(box, 64, $"the working directory, {Board.Folder}, is hidden in the box: add --bind");
    }

    [Test]
    public async Task Box_CommandHidden_SaysWhatToBind()
    {
        string script = Path.Combine(Board.Folder, "script");
        await File.WriteAllTextAsync(script, "#!/bin/sh\n");
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        await AssertFailsAsync(Box([], script), 64, $"{script}, is hidden in the box: add --bind {Board.Folder}");
        Assert.That(await Box(["--bind", script], script).ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task Box_BindNothing_SaysSo() =>
        await AssertFailsAsync(Box(["--bind", "/no/where"], "true"), 64, "--bind /no/where: ");

    private static async Task AssertFailsAsync(FlowerProcess box, int code, string words)
    {
        Assert.That(await box.ExitAsync(), Is.EqualTo(code), box.Error.ToString());
        Assert.That(box.Error.Lines.Single(), Does.StartWith("flower run: ").And.Contain(words));
    }
}
