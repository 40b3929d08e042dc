// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;
using Flower.Tests.EndToEnd;
using Grpc.Core;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.Faults;

/// <summary>
/// A server, a client, an egress and a resolver that are stopped in the middle (SIGSTOP): who needs them waits as long as the
/// switchboard lets him, nobody else waits at all, and when they go on, so does everything.
/// </summary>
[Category("EndToEnd")]
internal sealed class StoppedTests : EndToEndTest
{
    // As many as brought the original to a halt.
    private const int Callers = 110;
    private const int Others = 200;

    [Test]
    public async Task Stop_EachPartyAtOnce_OnlyThoseWhoNeedItWait()
    {
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        tcp.Listen(512);
        string names = Path.Combine(Board.Folder, "names.json");
        await File.WriteAllTextAsync(names, """{ "names": { "good": [ { "labels": "program=good" } ] } }""");
        FlowerProcess server = await Board.FlowerReadyAsync("serve", "--max", "1000", "program=stopped", "--", "true");
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--to", tcp.LocalEndPoint!.ToString()!, "network=stopped");
        FlowerProcess resolver = await Board.FlowerReadyAsync("resolver", "static", names, "--key", "name");
        await using Handle handle = await Board.OpenAsync();
        FlowerProcess client = Board.Flower("cat", "--wait", "1h", "program=late");
        await Patience.UntilAsync(async () => (await handle.StatsAsync()).WaitingRequests == 1);
        FlowerProcess[] stopped = [server, egress, resolver, client];
        Array.ForEach(stopped, process => process.Signal(Signum.SIGSTOP));
        await Patience.UntilAsync(() => Task.FromResult(Array.TrueForAll(stopped, IsStopped)));
        try
        {
            Task<StatusCode>[] stuck =
            [
                .. Enumerable.Range(0, Callers).Select(_ => ConnectAsync(handle, "program=stopped")),
                .. Enumerable.Range(0, Callers).Select(_ => ConnectAsync(handle, "network=stopped")),
                .. Enumerable.Range(0, Callers).Select(
                    i => ConnectAsync(handle, string.Create(CultureInfo.InvariantCulture, $"name=good{i}"))),
            ];
            await using Listener good = await handle.ListenAsync(Words("program=good")).Within();
            Task serving = ServeAsync(good);
            await using Handle other = await Board.OpenAsync();
            for (int i = 0; i < Others; i++)
            {
                Assert.That(await ConnectAsync(i % 2 == 0 ? handle : other, "program=good").Within(), Is.EqualTo(StatusCode.OK));
            }

            // The answer to the client that is stopped waits for it, and for nobody else.
            await using Listener late = await handle.ListenAsync(Words("program=late")).Within();
            await using IAsyncEnumerator<IncomingConnection> incoming = late.GetAsyncEnumerator();
            Assert.That(await incoming.MoveNextAsync().Within(), Is.True);
            using Connection atServer = await incoming.Current.AcceptAsync().Within();

            Assert.That(await Task.WhenAll(stuck).Within(), Has.All.EqualTo(StatusCode.DeadlineExceeded));
            Array.ForEach(stopped, process => process.Signal(Signum.SIGCONT));
            await AssertGoOnAsync(handle, atServer, client);
            await good.DisposeAsync();
            await serving.Within();
        }
        finally
        {
            Array.ForEach(stopped, process => process.Signal(Signum.SIGCONT));
        }
    }

    private static async Task AssertGoOnAsync(Handle handle, Connection atServer, FlowerProcess client)
    {
        await atServer.Socket.SendAsync("at last\n"u8.ToArray()).Within();
        await client.Out.AwaitLineAsync("at last");
        foreach (string word in new[] { "program=stopped", "network=stopped", "name=good" })
        {
            Assert.That(await ConnectAsync(handle, word).Within(), Is.EqualTo(StatusCode.OK), word);
        }
    }

    // proc_pid_stat(5): T is stopped by a signal.
    private static bool IsStopped(FlowerProcess process)
    {
        string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/stat"));
        return stat[stat.LastIndexOf(')') + 2] == 'T';
    }

    private static LabelSet Words(string word) => LabelSet.ParseWords([word]);

    private static async Task<StatusCode> ConnectAsync(Handle handle, string word)
    {
        try
        {
            (await handle.ConnectAsync(Words(word), new() { RelatedOnly = true })).Dispose();
            return StatusCode.OK;
        }
        catch (FlowerException e)
        {
            return e.StatusCode;
        }
    }

    private static async Task ServeAsync(Listener listener)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            (await incoming.AcceptAsync()).Dispose();
        }
    }
}
