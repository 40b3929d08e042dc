// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower activate</c>: a name on the board, and a server behind it when it is wanted.</summary>
public sealed class ActivateTests : EndToEndTest
{
    [Test]
    public async Task Activate_FirstConnect_StartsIt_IdlenessStopsIt_TheNextStartsItAgain()
    {
        FlowerProcess activate = await HoldAsync(
            "-v", "--idle", "3s", "service=echo", "--", Programs.Flower, "serve", "--", "sh", "-c", "echo $PPID");

        await using Client.Handle handle = await Board.OpenAsync();
        string first = await AskAsync(handle);
        Assert.That(await AskAsync(handle), Is.EqualTo(first), "one process serves both");
        FlowerProcess both = Board.Flower("ls");
        Assert.That(await both.ExitAsync(), Is.Zero);
        Assert.That(
            both.Out.Lines.Select(line => line.Split('"')[3]), Is.EqualTo(new[] { "activator", "server" }));
        await activate.Error.AwaitLineAsync($"pid {first} is idle");
        await activate.Error.AwaitLineAsync($"pid {first} exited with 0");

        Assert.That(await AskAsync(handle), Is.Not.EqualTo(first));
        await EndAsync(activate);
        FlowerProcess list = Board.Flower("ls");
        Assert.That(await list.ExitAsync(), Is.Zero);
        Assert.That(list.Out.Lines, Is.Empty);
    }

    [Test]
    public async Task Activate_OpenConnection_IsNotIdle()
    {
        FlowerProcess activate = await HoldAsync(
            "-v", "--idle", "500ms", "service=long", "--", Programs.Flower, "serve", "--", "cat");
        FlowerProcess client = Board.Flower("cat", "service=long");
        await client.WriteLineAsync("one");
        await client.Out.AwaitLineAsync("one");

        // Another one comes and goes, several times as long as it may be idle.
        for (int i = 0; i < 5; i++)
        {
            await Task.Delay(200);
            await client.WriteLineAsync($"{i}");
            await client.Out.AwaitLineAsync($"{i}");
        }

        Assert.That(activate.Error.ToString(), Does.Not.Contain("idle"));
        client.CloseInput();
        Assert.That(await client.ExitAsync(), Is.Zero);
        await activate.Error.AwaitLineAsync("is idle: stopping it");
        await activate.Error.AwaitLineAsync("exited with 0");
        await EndAsync(activate);
    }

    [Test]
    public async Task Activate_CommandThatFails_TellsWhoWaits()
    {
        FlowerProcess activate = await HoldAsync("service=broken", "--", "sh", "-c", "exit 7");

        FlowerProcess client = Board.Flower("cat", "-d", "service=broken");

        Assert.That(await client.ExitAsync(), Is.EqualTo(69), client.Error.ToString());
        Assert.That(client.Error.ToString(), Does.Contain("could not be started: sh exited with 7"));
        await activate.Error.AwaitLineAsync("exited with 7 before it registered");
    }

    [Test]
    public async Task Activate_Handle_RegistersItsNameAndNothingElse()
    {
        FlowerProcess activate = await HoldAsync(
            "service=narrow", "--", "sh", "-c",
            $"{Programs.Flower} ls 2>&1; {Programs.Flower} cat x=1 2>&1; "
            + $"{Programs.Flower} cat -l service=other 2>&1; sleep 60");
        FlowerProcess client = Board.Flower("cat", "-d", "-w", "20s", "service=narrow");

        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(
                Board.Daemon.Error.ToString().Contains("'service' contradicts", StringComparison.Ordinal))),
            Is.True,
            Board.Daemon.Error.ToString());
        Assert.That(Board.Daemon.Error.ToString(), Does.Contain("lacks the right LIST").And.Contain("lacks the right CLIENT_CONNECT"));
        await EndAsync(activate);
        Assert.That(await client.ExitAsync(), Is.EqualTo(69), client.Error.ToString());
    }

    [TestCase("service=x")]
    [TestCase("--start-timeout", "2h", "service=x", "--", "true")]
    public async Task Activate_WrongUse_IsRefused(params string[] words)
    {
        FlowerProcess activate = Board.Flower(["activate", .. words]);

        Assert.That(await activate.ExitAsync(), Is.EqualTo(64), activate.Error.ToString());
    }

    private async Task<FlowerProcess> HoldAsync(params string[] words)
    {
        FlowerProcess activate = Board.Flower(["activate", .. words]);
        await activate.Error.AwaitLineAsync("flower activate: holds");
        return activate;
    }

    // In order: killed, it would leave its command behind.
    private static async Task EndAsync(FlowerProcess activate)
    {
        activate.Signal(Signum.SIGTERM);
        Assert.That(await activate.ExitAsync(), Is.Zero, activate.Error.ToString());
    }

    private static async Task<string> AskAsync(Client.Handle handle)
    {
        using Dialogue client = await Dialogue.OpenAsync(handle, ("service", "echo"));
        return (await client.HearAllAsync()).Single();
    }
}
