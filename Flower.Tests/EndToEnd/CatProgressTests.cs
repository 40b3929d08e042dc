// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>What <c>flower cat --progress</c> says, and that it changes nothing of what passes.</summary>
public sealed class CatProgressTests : EndToEndTest
{
    private const int Bytes = 300_000;

    [Test]
    public async Task Cat_ProgressWithoutATerminal_SaysOneLineAtTheEnd()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "--progress", "program=p");
        server.CloseInput();
        FlowerProcess client = Board.Flower("cat", "--progress", "program=p");
        await client.Input.WriteAsync(new byte[Bytes].AsMemory()).AsTask().Within();
        client.CloseInput();

        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
        Assert.That(await server.ExitAsync(), Is.Zero, server.Error.ToString());
        Assert.That(client.Error.Lines.Single(), Does.StartWith("flower cat: sent 293 KiB (").And.Contain("received 0 B"));
        Assert.That(server.Error.Lines.Single(), Does.StartWith("flower cat: sent 0 B (").And.Contain("received 293 KiB"));
    }

    [Test]
    public async Task Cat_ProgressOnATerminal_LeavesNoHalfLine()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=p");
        FlowerProcess client = Board.Program(
            Programs.Require("python3"), Programs.OnTerminal, Programs.Flower, "cat", "-d", "--progress", "program=p");
        await server.WriteLineAsync("hello");
        server.CloseInput();

        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
        Assert.That(client.Out.Lines[^1], Is.EqualTo("exit 0"));
        Assert.That(client.Out.Lines[^2], Does.Contain("flower cat: sent 0 B").And.Contain("received 6 B").And.EndWith(" s"));
        Assert.That(client.Out.ToString(), Does.Contain("hello"));
    }

    [Test]
    public async Task Cat_ProgressOfACommand_IsAMistake()
    {
        FlowerProcess client = Board.Flower("cat", "--progress", "--exec", "true", "program=p");

        Assert.That(await client.ExitAsync(), Is.EqualTo(64));
        Assert.That(client.Error.Lines.Single(), Does.Contain("leave --progress out"));
    }
}
