// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;
using Flower.Protocol;
using Flower.Tests.EndToEnd;
using NUnit.Framework;

namespace Flower.Tests.Faults;

/// <summary>What broke the original Flower, where no other test has it: docs/testing.md has the whole list.</summary>
[Category("EndToEnd")]
internal sealed class OriginalTests : EndToEndTest
{
    private const int Pairs = 300;
    private const int Servers = 9_000;

    // What registers in one session: it has at most 1,024 open calls.
    private const int EachSession = 1_000;

    // Two at once broke a server for good, and 100 open connections were the limit of all.
    [Test]
    public async Task Connect_HundredsAtOnceAndAllStayOpen_EachTalksToItsOwn()
    {
        await using Handle serving = await Board.OpenAsync();
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await serving.ListenAsync(Words("program=x")).Within();
        Task<List<Connection>> accepting = AcceptAsync(listener, Pairs);

        Connection[] clients = await Task.WhenAll(
            Enumerable.Range(0, Pairs).Select(_ => handle.ConnectAsync(Words("program=x")))).Within();
        List<Connection> servers = await accepting.Within();

        Dictionary<string, Connection> byId = servers.ToDictionary(s => s.Labels["flower.connection_id"]!, StringComparer.Ordinal);
        foreach (Connection client in clients)
        {
            using Connection server = byId[client.Labels["flower.connection_id"]!];
            client.Socket.Send([42]);
            byte[] buffer = new byte[2];
            server.Socket.ReceiveTimeout = (int)Patience.Limit.TotalMilliseconds;
            Assert.That((server.Socket.Receive(buffer), buffer[0]), Is.EqualTo((1, (byte)42)));
            client.Dispose();
        }
    }

    // 3,900 bytes closed the channel without an error.
    [TestCase(3_900)]
    [TestCase(4_096)]
    public async Task Label_LongValue_IsRegisteredListedAndConnectedTo(int length)
    {
        string value = new('v', length);
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "blob=" + value);
        FlowerProcess list = Board.Flower("ls");
        Assert.That(await list.ExitAsync(), Is.Zero);
        Assert.That(list.Out.Lines.Single(), Does.Contain(value));

        FlowerProcess client = Board.Flower("cat", "blob=" + value);
        await client.WriteLineAsync("hello");

        await server.Out.AwaitLineAsync("hello");
        client.CloseInput();
        server.CloseInput();
        Assert.That(await client.ExitAsync(), Is.Zero);
    }

    // 9,000 took 29 seconds. Here each thousand has the patience of any wait.
    [Test]
    public async Task Register_NineThousandServers_EachIsListedAndFound()
    {
        var handles = new List<Handle>();
        try
        {
            for (int from = 0; from < Servers; from += EachSession)
            {
                Handle handle = await Board.OpenAsync();
                handles.Add(handle);
                await Task.WhenAll(Enumerable.Range(from, EachSession)
                    .Select(i => handle.ListenAsync(Instance(i)))).Within();
            }

            await using Handle onlooker = await Board.OpenAsync();
            Assert.That((await onlooker.StatsAsync().Within()).Servers, Is.EqualTo(Servers));
            int listed = 0;
            await foreach (TargetInfo target in onlooker.ListAsync(Instance(Servers - 1)))
            {
                listed++;
            }

            Assert.That(listed, Is.EqualTo(1));
        }
        finally
        {
            foreach (Handle handle in handles)
            {
                await handle.DisposeAsync();
            }
        }
    }

    // A tool ended with 0 when its switchboard had died. By a descriptor there is no coming back.
    [TestCase("cat", "-l", "program=x")]
    [TestCase("cat", "--wait", "1h", "program=none")]
    [TestCase("serve", "program=x", "--", "true")]
    [TestCase("egress", "connect", "--to", "127.0.0.1:1", "program=x")]
    [TestCase("resolver", "services")]
    [TestCase("ingress", "accept", "127.0.0.1:0", "program=x")]
    [TestCase("watch")]
    public async Task SwitchboardDies_ToolOverADescriptor_FailsAndSaysSo(params string[] args)
    {
        FlowerProcess tool = Board.Flower(["run", "--", Programs.Flower, .. args]);
        await using (Handle handle = await Board.OpenAsync())
        {
            // What it is about to wait for.
            Assert.That(
                await Patience.UntilAsync(async () =>
                {
                    BoardStats stats = await handle.StatsAsync();
                    return stats.Servers + stats.Egresses + stats.Resolvers + stats.WaitingRequests + stats.Watchers > 0
                        || tool.Error.ToString().Contains("listening on", StringComparison.Ordinal);
                }),
                Is.True,
                () => tool.Error.ToString());
        }

        await Board.KillDaemonAsync();

        Assert.That(await tool.ExitAsync(), Is.Not.Zero);
        Assert.That(tool.Error.Lines[^1], Does.StartWith("flower "));
        await Board.StartAsync();
    }

    private static LabelSet Words(string word) => LabelSet.ParseWords([word]);

    private static LabelSet Instance(int number) =>
        LabelSet.Create(("instance", number.ToString(CultureInfo.InvariantCulture)));

    private static async Task<List<Connection>> AcceptAsync(Listener listener, int count)
    {
        var accepted = new List<Connection>();
        await foreach (IncomingConnection incoming in listener)
        {
            accepted.Add(await incoming.AcceptAsync());
            if (accepted.Count == count)
            {
                break;
            }
        }

        return accepted;
    }
}
