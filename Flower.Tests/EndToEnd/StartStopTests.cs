// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>The socket files of <c>flower switchboard</c>, and how it ends.</summary>
[Category("EndToEnd")]
public sealed class StartStopTests
{
    private SwitchboardFixture _board = null!;

    [SetUp]
    public void MakeFolder() => _board = new();

    [TearDown]
    public async Task RemoveFolder() => await _board.DisposeAsync();

    [Test]
    public async Task Start_SecondOnLivePath_IsRefusedAndFirstGoesOn()
    {
        await _board.StartAsync();

        FlowerProcess second = StartSecond();

        Assert.That(await second.ExitAsync(), Is.EqualTo(69));
        Assert.That(second.Error.Lines.Single(), Does.StartWith("flower switchboard: ").And.Contain(_board.Handle));
        await AssertWorksAsync();
        await _board.StopAsync();
    }

    [Test]
    public async Task Start_SecondWithSameAdminPath_IsRefusedAndFirstGoesOn()
    {
        await _board.StartAsync();
        string other = Path.Combine(_board.Folder, "other");

        FlowerProcess second = _board.Flower("switchboard", "--listen", other, "--admin", _board.Admin);

        Assert.That(await second.ExitAsync(), Is.EqualTo(69));
        Assert.That(second.Error.Lines.Single(), Does.StartWith("flower switchboard: ").And.Contain(_board.Admin));
        Assert.That(File.Exists(other), Is.False);
        await AssertWorksAsync();
        await _board.StopAsync();
    }

    [Test]
    public async Task Start_AfterKill_ReplacesStaleSockets()
    {
        await using (FlowerProcess first = StartSecond())
        {
            await first.ReadyAsync();
            first.Kill();
            await first.ExitAsync();
        }

        Assert.That(File.Exists(_board.Handle) && File.Exists(_board.Admin), Is.True);
        await _board.StartAsync();

        await AssertWorksAsync();
        await _board.StopAsync();
    }

    [TestCase("switchboard.sock")]
    [TestCase("admin.sock")]
    public async Task Start_RegularFileAtPath_IsRefusedAndUntouched(string name)
    {
        string path = Path.Combine(_board.Folder, name);
        await File.WriteAllTextAsync(path, "precious");

        FlowerProcess process = StartSecond();

        Assert.That(await process.ExitAsync(), Is.EqualTo(69));
        Assert.That(process.Error.Lines.Single(), Does.Contain(path).And.Contain("is not a socket"));
        Assert.That(await File.ReadAllTextAsync(path), Is.EqualTo("precious"));
        Assert.That(Directory.GetFiles(_board.Folder), Is.EqualTo(new[] { path }));
    }

    [TestCase(Signum.SIGTERM)]
    [TestCase(Signum.SIGINT)]
    public async Task Stop_BySignal_UnlinksSocketsAndExitsZero(Signum signal)
    {
        await _board.StartAsync();
        FlowerProcess server = await _board.FlowerReadyAsync("cat", "-l", "program=left");

        _board.Daemon.Signal(signal);

        Assert.That(await _board.Daemon.ExitAsync(), Is.Zero);
        // It waits for the switchboard to come back.
        Assert.That(server.HasExited, Is.False);
        Assert.That(Directory.GetFiles(_board.Folder), Is.Empty);
    }

    [TestCase(null, "600")]
    [TestCase("0660", "660")]
    public async Task Start_Mode_IsThatOfBothSockets(string? mode, string expected)
    {
        await _board.StartAsync(mode is null ? [] : ["--mode", mode]);

        Assert.That(ModeOf(_board.Handle), Is.EqualTo(expected));
        Assert.That(ModeOf(_board.Admin), Is.EqualTo(expected));
        await _board.StopAsync();
    }

    [TestCase("\u001b[32minfo\u001b[0m: flower.switchboard[201] listening on ", "TERM=xterm")]
    [TestCase("info: flower.switchboard[201] listening on ", "TERM=xterm", "NO_COLOR=1")]
    public async Task Log_OnATerminal_IsForPeople(string line, params string[] variables)
    {
        // What types Ctrl-C does so at this name.
        string path = Path.Combine(_board.Folder, "ready");
        FlowerProcess board = _board.Program(
            Programs.Require("python3"),
            [
                Programs.OnTerminal, Programs.Require("env"), "-u", "NO_COLOR", .. variables, Programs.Flower, "switchboard",
                "--listen", path,
            ]);

        Assert.That(await board.ExitAsync(), Is.Zero, board.Error.ToString());
        Assert.That(board.Out.Lines[0], Does.Contain(line + path));
        Assert.That(board.Out.Lines[^1], Does.EndWith("exit 0"));
    }

    private static string ModeOf(string path) => Convert.ToString((int)File.GetUnixFileMode(path), 8);

    private FlowerProcess StartSecond() =>
        _board.Flower("switchboard", "--listen", _board.Handle, "--admin", _board.Admin);

    private async Task AssertWorksAsync()
    {
        FlowerProcess list = _board.Flower("ls");
        Assert.That(await list.ExitAsync(), Is.Zero, list.Error.ToString());
    }
}
