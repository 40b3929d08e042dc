// SPDX-License-Identifier: BSD-2-Clause
using Flower.Tests.EndToEnd;
using NUnit.Framework;

namespace Flower.Tests.Faults;

/// <summary>
/// Processes whose monotonic clocks differ by days (time_namespaces(7)): what travels is how long somebody waits, and never until
/// when.
/// </summary>
[Category("EndToEnd")]
internal sealed class TimeNamespaceTests : EndToEndTest
{
    [Test]
    public async Task Connect_ClocksThatDiffer_TimeOutsAreThoseThatWereMeant()
    {
        FlowerProcess server = FlowerAhead(864_000, "cat", "-l", "-k", "program=x");
        try
        {
            await server.ReadyAsync();
        }
        catch (TimeoutException) when (server.Error.ToString().Contains("unshare: ", StringComparison.Ordinal))
        {
            Assert.Ignore($"no time namespaces here: {server.Error}");
        }

        FlowerProcess client = FlowerAhead(1_728_000, "cat", "--timeout", "20s", "program=x");
        await client.WriteLineAsync("hello");
        await server.Out.AwaitLineAsync("hello");
        client.CloseInput();
        server.CloseInput();
        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());

        FlowerProcess waiting = FlowerAhead(1_728_000, "cat", "--wait", "300ms", "program=none");
        Assert.That(await waiting.ExitAsync(), Is.EqualTo(69));
        Assert.That(waiting.Error.Lines, Has.Count.EqualTo(1));
    }

    private FlowerProcess FlowerAhead(int seconds, params string[] args) => Board.Program(
        Programs.Require("unshare"),
        [
            "--time", "--monotonic", $"{seconds}", "--boottime", $"{seconds}", "--fork", "--kill-child", "--",
            Programs.Flower, .. args,
        ]);
}
