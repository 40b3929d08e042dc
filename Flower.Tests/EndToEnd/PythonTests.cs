// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A client that knows docs/protocol.md and nothing of this code.</summary>
public sealed class PythonTests : EndToEndTest
{
    [TestCase("connect")]
    [TestCase("open")]
    public async Task Python_Connects_TalksBothWays(string mode)
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=python", "tenant=blue");
        FlowerProcess client = StartPython(mode, "program=python");

        Assert.That(await client.Out.AwaitLineAsync("program"), Does.Contain("\"tenant\": \"blue\""));
        await client.WriteLineAsync("from python");
        await server.Out.AwaitLineAsync("from python");
        await server.WriteLineAsync("to python");
        await client.Out.AwaitLineAsync("to python");
        client.CloseInput();
        server.CloseInput();

        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
        Assert.That(await server.ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task Python_Serves_Echoes()
    {
        FlowerProcess server = StartPython("serve", "program=python");
        await server.Out.AwaitLineAsync("\"program\": \"python\"");
        FlowerProcess client = Board.Flower("cat", "program=python");

        await client.WriteLineAsync("there and back");
        await client.Out.AwaitLineAsync("there and back");
        client.CloseInput();

        Assert.That(await client.ExitAsync(), Is.Zero);
        Assert.That(await server.ExitAsync(), Is.Zero, server.Error.ToString());
    }

    [Test]
    public async Task Python_NothingMatches_SeesTheStatus()
    {
        FlowerProcess client = StartPython("connect", "program=nowhere");

        Assert.That(await client.ExitAsync(), Is.EqualTo(1));
        Assert.That(client.Error.Lines.Single(), Does.StartWith("status 5: nothing matches"));
    }

    private FlowerProcess StartPython(params string[] args) =>
        Board.Program(Programs.Require("python3"), [Programs.PythonClient, Board.Handle, .. args]);
}
