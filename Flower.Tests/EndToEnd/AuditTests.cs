// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.Protocol;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>The audit log of a real switchboard.</summary>
internal sealed class AuditTests
{
    private SwitchboardFixture _board = null!;

    private string LogPath => Path.Combine(_board.Folder, "audit.log");

    [SetUp]
    public async Task StartBoard()
    {
        _board = new();
        await _board.StartAsync("--audit", LogPath);
    }

    [TearDown]
    public async Task StopBoard()
    {
        try
        {
            await _board.StopAsync();
        }
        finally
        {
            await _board.DisposeAsync();
        }
    }

    [Test]
    public async Task HangUp_FileMovedAway_GoesOnInANewOne()
    {
        await using Handle handle = await _board.OpenAsync();
        await using Listener first = await handle.ListenAsync(LabelSet.ParseWords(["program=first"]));
        await AwaitAsync(LogPath, "target-added", "first");
        Assert.That(File.GetUnixFileMode(LogPath) & ~(UnixFileMode)0x1a0, Is.EqualTo((UnixFileMode)0), "0640 at most");
        string moved = LogPath + ".1";
        File.Move(LogPath, moved);

        // Without a configuration there is something to do at SIGHUP all the same.
        _board.Daemon.Signal(Signum.SIGHUP);
        Assert.That(await _board.Daemon.NotifiedAsync(), Does.StartWith("RELOADING=1"));
        Assert.That(await _board.Daemon.NotifiedAsync(), Is.EqualTo("READY=1\nSTATUS="));

        await using Listener second = await handle.ListenAsync(LabelSet.ParseWords(["program=second"]));
        await AwaitAsync(LogPath, "target-added", "second");
        Assert.That(Lines(moved).Where(line => line.Contains("second")), Is.Empty);
        Assert.That(Lines(LogPath).Where(line => line.Contains("first")), Is.Empty);
    }

    [Test]
    public async Task HangUp_FolderGone_IsLoggedAndTheOldFileGoesOn()
    {
        string folder = Path.Combine(_board.Folder, "logs");
        Directory.CreateDirectory(folder);
        await _board.EndDaemonAsync();
        await _board.StartAsync("--audit", Path.Combine(folder, "audit.log"));
        Directory.Move(folder, folder + ".moved");

        _board.Daemon.Signal(Signum.SIGHUP);
        Assert.That(await _board.Daemon.NotifiedAsync(), Does.StartWith("RELOADING=1"));
        Assert.That(await _board.Daemon.NotifiedAsync(), Does.Contain("cannot open the audit log"));
        _board.ExpectInLog("the audit log was not reopened");

        await using Handle handle = await _board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["program=x"]));
        await AwaitAsync(Path.Combine(folder + ".moved", "audit.log"), "target-added");
    }

    [Test]
    public async Task Replace_BothWrite_NumbersGoOn()
    {
        await using Handle handle = await _board.OpenAsync();
        await using Listener first = await handle.ListenAsync(LabelSet.ParseWords(["program=first"]));
        await AwaitAsync(LogPath, "target-added", "first");

        await _board.ReplaceAsync("--audit", LogPath);

        await using Listener second = await handle.ListenAsync(LabelSet.ParseWords(["program=second"]));
        await AwaitAsync(LogPath, "target-added", "second");
        ulong[] numbers = [.. Lines(LogPath).Select(
            line => JsonDocument.Parse(line).RootElement.GetProperty("sequence").GetUInt64())];
        Assert.That(numbers, Is.Ordered.And.Unique);
        Assert.That(
            Lines(LogPath).Where(line => line.Contains("target-removed")), Is.Empty, "what goes on elsewhere has not gone");
    }

    [Test]
    public async Task Start_FileThatCannotBe_SaysWhyAndExits()
    {
        FlowerProcess process = _board.Flower(
            "switchboard", "--listen", Path.Combine(_board.Folder, "other.sock"), "--admin",
            Path.Combine(_board.Folder, "other-admin.sock"), "--control", Path.Combine(_board.Folder, "other-control.sock"),
            "--audit", "/nowhere/audit.log");
        Assert.That(await process.ExitAsync(), Is.EqualTo(69));
        Assert.That(
            process.Error.Lines.Single(),
            Is.EqualTo("flower switchboard: cannot open the audit log /nowhere/audit.log: No such file or directory"));
    }

    private static string[] Lines(string path) => File.Exists(path) ? File.ReadAllLines(path) : [];

    private static async Task AwaitAsync(string path, params string[] words) =>
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(
                Lines(path).Any(line => words.All(word => line.Contains(word, StringComparison.Ordinal))))),
            Is.True,
            $"no line with {string.Join(", ", words)} in {path}");
}
