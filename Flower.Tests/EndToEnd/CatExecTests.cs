// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower cat --exec</c>.</summary>
public sealed class CatExecTests : EndToEndTest
{
    [Test]
    public async Task Exec_Listening_CommandServesConnection()
    {
        FlowerProcess server = await Board.FlowerReadyAsync(
            "cat", "-l", "program=exec",
            "--exec", "read word; echo \"you said $word to $FLOWER_LABEL_PROGRAM\"; echo told >&2; exit 3");
        FlowerProcess client = Board.Flower("cat", "program=exec");
        await client.WriteLineAsync("hello");

        await client.Out.AwaitLineAsync("you said hello to exec");

        Assert.That(await client.ExitAsync(), Is.Zero);
        Assert.That(await server.ExitAsync(), Is.EqualTo(3));
        Assert.That(server.Error.Lines, Is.EqualTo(new[] { "told" }));
        Assert.That(server.Out.Lines, Is.Empty);
    }

    [Test]
    public async Task Exec_Connecting_CommandIsTheClient()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=exec");
        server.CloseInput();

        FlowerProcess client = Board.Flower("cat", "-e", "seq 3", "program=exec");

        Assert.That(await client.ExitAsync(), Is.Zero);
        Assert.That(await server.ExitAsync(), Is.Zero);
        Assert.That(server.Out.Lines, Is.EqualTo(new[] { "1", "2", "3" }));
    }

    [Test]
    public async Task Exec_KeepListening_OneAfterAnother()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-k", "-l", "--exec", "tr a-z A-Z", "program=exec");
        IReadOnlyList<string> before = [];
        foreach (string word in new[] { "one", "two", "three" })
        {
            FlowerProcess client = Board.Flower("cat", "program=exec");
            await client.WriteLineAsync(word);
            client.CloseInput();
            Assert.That(await client.ExitAsync(), Is.Zero);
            Assert.That(client.Out.Lines, Is.EqualTo(new[] { word.ToUpperInvariant() }));
            before = before.Count == 0 ? server.OpenDescriptors : before;
        }

        bool settled = await Patience.UntilAsync(
            () => Task.FromResult(server.OpenDescriptors.Count <= before.Count));
        Assert.That(settled, Is.True, string.Join('\n', server.OpenDescriptors));
        server.Signal(Signum.SIGTERM);
        Assert.That(await server.ExitAsync(), Is.EqualTo(143));
    }

    [Test]
    public async Task Exec_Signalled_EndsCommandToo()
    {
        FlowerProcess server = await Board.FlowerReadyAsync(
            "cat", "-l", "--exec", "echo $$ >&2; sleep 1000; true", "program=exec");
        FlowerProcess client = Board.Flower("cat", "program=exec");
        string id = await server.Error.AwaitLineAsync("");

        server.Signal(Signum.SIGTERM);

        Assert.That(await server.ExitAsync(), Is.EqualTo(143));
        Assert.That(await client.ExitAsync(), Is.Zero, "nobody holds the connection any more");
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(!Directory.Exists("/proc/" + id))), Is.True, "still there");
    }
}
