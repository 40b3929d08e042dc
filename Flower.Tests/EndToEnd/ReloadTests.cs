// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Globalization;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>The configuration is read again at SIGHUP, whole or not at all.</summary>
public sealed class ReloadTests : OtherUsersTest
{
    private static readonly string ForAlice = $$"""{ "grants": [ { "who": "user:{{Alice}}", "rights": "all" } ] }""";
    private static readonly string ForBob = $$"""{ "grants": [ { "who": "user:{{Bob}}", "rights": "all" } ] }""";

    [Test]
    public async Task HangUp_GoodFile_HoldsForNewSessions()
    {
        await StartAsync(ForAlice);
        FlowerProcess server = FlowerAs(Alice, Alice, [], "cat", "-l", "program=kept");
        await server.ReadyAsync();

        Assert.That(await ReloadAsync(ForBob), Is.EqualTo("READY=1\nSTATUS="));

        Assert.That((await ListAsync(Alice)).Code, Is.EqualTo(77));
        FlowerProcess list = FlowerAs(Bob, Bob, [], "ls");
        Assert.That(await list.ExitAsync(), Is.Zero);
        Assert.That(list.Out.Lines.Single(), Does.Contain("\"program\":\"kept\""), "handles that were given live on");
    }

    [Test]
    public async Task HangUp_WrongFile_LogsEveryErrorAndChangesNothing()
    {
        await StartAsync(ForAlice);

        string said = await ReloadAsync("""{ "grants": [ { "who": "user:nobody-like-this", "rights": ["all", "al"] } ] }""");

        Assert.That(said, Does.StartWith("READY=1\nSTATUS=").And.Contain("was not reloaded").And.Contain("grants[0].who"));
        await Board.Daemon.Error.AwaitLineAsync("grants[0].who: there is no user 'nobody-like-this'");
        await Board.Daemon.Error.AwaitLineAsync("grants[0].rights[1]: there is no right 'al'");
        Board.ExpectInLog("grants[0].");
        Board.ExpectInLog("was not reloaded (errors: 2)");
        Assert.That((await ListAsync(Alice)).Code, Is.Zero);

        Assert.That(await ReloadAsync(ForBob), Is.EqualTo("READY=1\nSTATUS="), "and the next one is taken");
        Assert.That((await ListAsync(Bob)).Code, Is.Zero);
    }

    [Test]
    public async Task HangUp_ModeNotGiven_FollowsTheGrants()
    {
        await StartAsync("""{ "grants": [] }""");
        Assert.That(ModeOf(Board.Handle), Is.EqualTo("600"));

        await ReloadAsync(ForAlice);

        Assert.That(ModeOf(Board.Handle), Is.EqualTo("666"));
        Assert.That(ModeOf(Board.Admin), Is.EqualTo("666"));
        await ReloadAsync("{}");
        Assert.That(ModeOf(Board.Handle), Is.EqualTo("600"));
    }

    [Test]
    public async Task Start_WrongFile_EveryErrorAndExitCode78()
    {
        await File.WriteAllTextAsync(ConfigPath, """{ "grant": [], "grants": [ { "who": "x" } ] }""");

        FlowerProcess process = Board.Flower(
            "switchboard", "--listen", Board.Handle, "--admin", Board.Admin, "--config", ConfigPath);

        Assert.That(await process.ExitAsync(), Is.EqualTo(78));
        Assert.That(process.Error.Lines, Has.Count.EqualTo(3));
        Assert.That(process.Error.Lines, Is.All.StartsWith($"flower switchboard: {ConfigPath}: grant"));
        Assert.That(File.Exists(Board.Handle), Is.False);
    }

    [Test]
    public async Task CheckConfig_Good_SaysWhatItMeans()
    {
        await File.WriteAllTextAsync(ConfigPath, ForAlice);

        FlowerProcess process = Board.Flower("switchboard", "--check-config", ConfigPath);

        Assert.That(await process.ExitAsync(), Is.Zero);
        Assert.That(process.Error.Lines, Is.Empty);
        Assert.That(process.Out.Lines[0], Is.EqualTo($"grants[0]: user {Alice}: all rights but TAP"));
    }

    [Test]
    public async Task CheckConfig_Wrong_SaysWhereAndExitCode78()
    {
        await File.WriteAllTextAsync(ConfigPath, "{ \"grants\":\n ? }");

        FlowerProcess process = Board.Flower("switchboard", "--check-config", ConfigPath);

        Assert.That(await process.ExitAsync(), Is.EqualTo(78));
        Assert.That(process.Out.Lines, Is.Empty);
        Assert.That(process.Error.Lines.Single(), Does.StartWith("flower switchboard: ").And.Contain("not JSON: line 2, column 2: "));
    }

    private static string ModeOf(string path) => Convert.ToString((int)File.GetUnixFileMode(path), 8);

    // What it says at the end; at the beginning it says since when (systemd.service(5), Type=notify-reload).
    private async Task<string> ReloadAsync(string json)
    {
        await File.WriteAllTextAsync(ConfigPath, json);
        long before = Microseconds();
        Board.Daemon.Signal(Signum.SIGHUP);
        string[] reloading = (await Board.Daemon.NotifiedAsync()).Split('\n');
        Assert.That(reloading[0], Is.EqualTo("RELOADING=1"));
        Assert.That(reloading[1], Does.StartWith("MONOTONIC_USEC="));
        long at = long.Parse(reloading[1].Split('=')[1], CultureInfo.InvariantCulture);
        Assert.That(at, Is.InRange(before, Microseconds()));
        return await Board.Daemon.NotifiedAsync();
    }

    private static long Microseconds() => (long)Stopwatch.GetElapsedTime(0).TotalMicroseconds;
}
