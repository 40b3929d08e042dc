// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower top</c> on a terminal, and where there is none.</summary>
public sealed class TopTests : EndToEndTest
{
    [Test]
    public async Task Top_Keys_ChooseTheColumnAndEnd()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=demo");
        FlowerProcess client = Board.Flower("cat", "program=demo", "evil=\u001b[31mred");
        await client.WriteLineAsync("hello");
        await server.Out.AwaitLineAsync("hello");

        // The chosen column is shown inverted: AGE, then the one to its right, then that of AGE again, by an arrow.
        FlowerProcess top = Type(@"\x1b[7mAGE,>,\x1b[7mSTATE,\x1b[D,\x1b[7mAGE,rxq");

        Assert.That(await top.ExitAsync(), Is.Zero, top.Error.ToString());
        string text = top.Out.ToString();
        AssertRestored(text);
        Assert.That(text, Does.Contain("1 connection ").And.Contain($"flower {client.Id}").And.Contain($"flower {server.Id}"));
        Assert.That(text, Does.Contain("evil=?[31mred").And.Not.Contain("evil=<ESC>"));
    }

    [Test]
    public async Task Top_CtrlC_LeavesTheTerminalAsItWas()
    {
        FlowerProcess top = Type(@"q end,\x03");

        Assert.That(await top.ExitAsync(), Is.Zero, top.Error.ToString());
        AssertRestored(top.Out.ToString());
    }

    [Test]
    public async Task Top_ConnectionComesAndGoes_IsSeen()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=demo");
        FlowerProcess top = Type("1 connection ,x,0 connections,q");
        FlowerProcess client = Board.Flower("cat", "program=demo");
        await client.WriteLineAsync("hello");
        await server.Out.AwaitLineAsync("hello");

        await top.Error.AwaitLineAsync("typed 1 left");
        client.Kill();

        Assert.That(await top.ExitAsync(), Is.Zero, top.Error.ToString());
        AssertRestored(top.Out.ToString());
    }

    [Test]
    public async Task Top_NoTerminal_SaysWhatToUse()
    {
        FlowerProcess top = Board.Flower("top");
        Assert.That(await top.ExitAsync(), Is.EqualTo(64));
        Assert.That(top.Error.Lines, Is.EqualTo(new[] { "flower top: there is no terminal: use flower connections" }));
    }

    [Test]
    public async Task Top_NoSwitchboard_SaysSoOnTheUsualScreen()
    {
        await Board.EndDaemonAsync();

        FlowerProcess top = Type("never,q");

        Assert.That(await top.ExitAsync(), Is.Zero, top.Error.ToString());
        Assert.That(top.Out.ToString(), Does.Contain("flower top: ").And.Contain("exit 69").And.Not.Contain("1049h"));
    }

    private static void AssertRestored(string text)
    {
        foreach (string said in new[] { "untyped 0", "restored True", "alternate False", "cursor True", "exit 0" })
        {
            Assert.That(text, Does.Contain(said));
        }
    }

    private FlowerProcess Type(string keys) =>
        Board.Program(Programs.Require("python3"), Programs.TypeOnTerminal, keys, Programs.Flower, "top");
}
