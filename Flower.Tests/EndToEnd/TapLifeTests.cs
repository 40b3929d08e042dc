// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using System.Text.Json;
using Flower.Client;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>How a tap ends, and what goes on.</summary>
public sealed class TapLifeTests : TapTest
{
    [Test]
    public async Task Killed_ItsConnectionsEnd_NoOthersDo()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["service=www"]));
        await using Listener other = await handle.ListenAsync(LabelSet.ParseWords(["service=other"]));
        FlowerProcess tap = await TapAsync();
        (Connection atClient, Connection atServer) = await JoinAsync(handle, listener, "service=www");
        (Connection untappedClient, Connection untappedServer) = await JoinAsync(handle, other, "service=other");
        AssertTalk(atClient, atServer);
        AssertTalk(untappedClient, untappedServer);
        Assert.That(atClient.Labels["flower.tapped"], Is.EqualTo("true"));
        Assert.That(untappedClient.Labels["flower.tapped"], Is.Null);
        FlowerProcess connections = Board.Flower("connections", "service=www");
        Assert.That(await connections.ExitAsync(), Is.Zero);
        Assert.That(connections.Out.ToString(), Does.Contain("\"flower.tapped\":\"true\""));

        tap.Kill();
        await tap.ExitAsync();

        Assert.That(atClient.Socket.Receive(new byte[1]), Is.Zero);
        Assert.That(atServer.Socket.Receive(new byte[1]), Is.Zero);
        AssertTalk(untappedClient, untappedServer);
        (Connection nextClient, Connection nextServer) = await JoinAsync(handle, listener, "service=www");
        AssertTalk(nextClient, nextServer);
        Assert.That(nextClient.Labels["flower.tapped"], Is.Null);
        foreach (Connection connection in new[] { atClient, atServer, untappedClient, untappedServer, nextClient, nextServer })
        {
            connection.Dispose();
        }
    }

    [Test]
    public async Task Egress_Tapped_IsShownWithTheClientsEnd()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Client.Egress egress = await handle.StartEgressAsync(
            LabelSet.ParseWords(["service=www"]), new() { FixedDestination = true });
        FlowerProcess tap = await TapAsync();
        Task<Connection> connecting = handle.ConnectAsync(LabelSet.ParseWords(["service=www"]));
        await using IAsyncEnumerator<EgressRequest> requests = egress.GetAsyncEnumerator();
        Assert.That(await requests.MoveNextAsync().AsTask().Within(), Is.True);
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        await requests.Current.ConnectedDescriptorAsync(given);
        using Connection client = await connecting.Within();
        using var outside = new Connection(kept, client.Labels);
        AssertTalk(client, outside);

        JsonElement seen = (await SeenAsync()).Single();
        Assert.That(seen.GetProperty("kind").GetString(), Is.EqualTo("egress"));
        Assert.That(seen.GetProperty("state").GetString(), Is.EqualTo("open"));
        Assert.That(
            seen.GetProperty("socket_cookie").GetUInt64(), Is.EqualTo(SocketIdentity.CookieOf(client.Socket.SafeHandle)));
        Assert.That(seen.GetProperty("target").GetProperty("holders")[0].GetInt32(), Is.EqualTo(tap.Id));
        client.Dispose();
        Assert.That(await Patience.UntilAsync(async () => (await SeenAsync()).Count == 0), Is.True, "it is still shown");

        async Task<List<JsonElement>> SeenAsync()
        {
            FlowerProcess connections = Board.Flower("connections");
            Assert.That(await connections.ExitAsync(), Is.Zero, connections.Error.ToString());
            return [.. connections.Out.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        }
    }

    [Test]
    public async Task Stopped_LetsItsConnectionsFinishAndTapsNoOthers()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["service=www"]));
        FlowerProcess tap = await TapAsync();
        (Connection atClient, Connection atServer) = await JoinAsync(handle, listener, "service=www");
        AssertTalk(atClient, atServer);

        tap.Signal(Signum.SIGTERM);
        await tap.Error.AwaitLineAsync("1 connection is still tapped: waiting 30s for the end");
        AssertTalk(atClient, atServer);
        (Connection nextClient, Connection nextServer) = await JoinAsync(handle, listener, "service=www");
        Assert.That(nextClient.Labels["flower.tapped"], Is.Null);
        AssertTalk(nextClient, nextServer);
        nextClient.Dispose();
        nextServer.Dispose();
        atClient.Dispose();
        Assert.That(atServer.Socket.Receive(new byte[1]), Is.Zero);
        atServer.Dispose();

        Assert.That(await tap.ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task Stopped_Twice_EndsAtOnce()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["service=www"]));
        FlowerProcess tap = await TapAsync();
        (Connection atClient, Connection atServer) = await JoinAsync(handle, listener, "service=www");
        using Connection client = atClient;
        using Connection server = atServer;

        tap.Signal(Signum.SIGTERM);
        await tap.Error.AwaitLineAsync("1 connection is still tapped");
        tap.Signal(Signum.SIGTERM);

        Assert.That(await tap.ExitAsync(), Is.Zero);
        Assert.That(client.Socket.Receive(new byte[1]), Is.Zero);
        Assert.That(tap.Out.Lines[^1], Does.EndWith(", reset"));
    }

    [Test]
    public async Task Switchboard_ReplacedThenKilled_TapGoesOn()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["service=www"]));
        FlowerProcess tap = await TapAsync();
        (Connection atClient, Connection atServer) = await JoinAsync(handle, listener, "service=www");

        await Board.ReplaceAsync(Prepare());
        AssertTalk(atClient, atServer);
        (Connection nextClient, Connection nextServer) = await JoinAsync(handle, listener, "service=www");
        Assert.That(nextClient.Labels["flower.tapped"], Is.EqualTo("true"));
        AssertTalk(nextClient, nextServer);

        await Board.KillDaemonAsync();
        await tap.Error.AwaitLineAsync("flower tap: the switchboard has gone: waiting for it");
        AssertTalk(atClient, atServer);
        await Board.StartAsync(Prepare());
        await tap.Error.AwaitLineAsync("flower tap: the switchboard is back");
        await Board.Daemon.Error.AwaitLineAsync("connections of service=www are tapped by pid");
        (Connection lastClient, Connection lastServer) = await JoinAsync(handle, listener, "service=www");
        Assert.That(lastClient.Labels["flower.tapped"], Is.EqualTo("true"));
        AssertTalk(lastClient, lastServer);
        AssertTalk(atClient, atServer);
        foreach (Connection connection in new[] { atClient, atServer, nextClient, nextServer, lastClient, lastServer })
        {
            connection.Dispose();
        }

        tap.Signal(Signum.SIGTERM);
        Assert.That(await tap.ExitAsync(), Is.Zero, tap.Error.ToString());
        Assert.That(tap.Error.Lines[^1], Is.EqualTo("flower tap: 3 connections were tapped, 0 were missed"));
    }

    [Test]
    public async Task Switchboard_Away_StopEndsTheTap()
    {
        FlowerProcess tap = await TapAsync();
        await Board.KillDaemonAsync();
        await tap.Error.AwaitLineAsync("the switchboard has gone: waiting for it");

        tap.Signal(Signum.SIGTERM);

        Assert.That(await tap.ExitAsync(), Is.Zero, tap.Error.ToString());
        await Board.StartAsync(Prepare());
    }

    [Test]
    public async Task Output_NobodyReads_TheSenderWaitsAndNothingIsLost()
    {
        // More than the sockets and pipes on the way hold by far.
        const int bytes = 64 << 20;
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["service=www"]));
        FlowerProcess tap = Board.FlowerRaw("tap", "-w", "-", "-c", "1", "service=www");
        await tap.ReadyAsync();
        (Connection atClient, Connection atServer) = await JoinAsync(handle, listener, "service=www");
        using Connection client = atClient;
        using Connection server = atServer;
        long received = 0;
        Task receiving = Task.Run(() =>
        {
            byte[] buffer = new byte[64 * 1024];
            while (server.Socket.Receive(buffer) is int count and > 0)
            {
                received += count;
            }
        });
        long sent = 0;
        client.Socket.Blocking = false;
        byte[] part = new byte[64 * 1024];
        while (client.Socket.Poll(TimeSpan.FromSeconds(1), SelectMode.SelectWrite) && sent < bytes)
        {
            sent += client.Socket.Send(part);
        }

        Assert.That(sent, Is.LessThan(bytes), "the sender was not made to wait");
        client.Socket.Blocking = true;
        using var captured = new MemoryStream();
        Task reading = tap.RawOutput.CopyToAsync(captured);
        while (sent < bytes)
        {
            sent += client.Socket.Send(part);
        }

        client.Socket.Shutdown(SocketShutdown.Send);
        await receiving.Within();
        Assert.That(received, Is.EqualTo(sent));
        server.Dispose();
        await reading.Within();
        Assert.That(await tap.ExitAsync(), Is.Zero);
        Assert.That(captured.Length, Is.GreaterThan(sent));
    }

    [Test]
    public async Task Output_ReaderGoes_TapEndsOnceItsConnectionsHave()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["service=www"]));
        FlowerProcess tap = Board.FlowerRaw("tap", "-A", "service=www");
        await tap.ReadyAsync();
        (Connection atClient, Connection atServer) = await JoinAsync(handle, listener, "service=www");
        AssertTalk(atClient, atServer);
        tap.RawOutput.Dispose();

        AssertTalk(atClient, atServer);
        await tap.Error.AwaitLineAsync("nothing is written any more; the connections that are tapped go on until they end");
        AssertTalk(atClient, atServer);
        atClient.Dispose();
        Assert.That(atServer.Socket.Receive(new byte[1]), Is.Zero);
        atServer.Dispose();

        Assert.That(await tap.ExitAsync(), Is.Zero, tap.Error.ToString());
    }

    [Test]
    public async Task Descriptors_AfterManyConnections_AreNoneMore()
    {
        await using LabelServer server = await ServeAsync();
        (_, System.Net.IPEndPoint address) = await StartAsync();
        FlowerProcess tap = await TapAsync("-w", Capture);
        AssertServedBy("www", await AskAsync(address));
        IReadOnlyList<string> before = tap.OpenDescriptors;

        for (int i = 0; i < 100; i++)
        {
            AssertServedBy("www", await AskAsync(address));
        }

        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(tap.OpenDescriptors.Count <= before.Count + 2)),
            Is.True,
            string.Join('\n', tap.OpenDescriptors.Except(before)));
        tap.Signal(Signum.SIGINT);
        Assert.That(await tap.ExitAsync(), Is.Zero);
        Assert.That(tap.Error.Lines[^1], Is.EqualTo("flower tap: 101 connections were tapped, 0 were missed"));
    }

    [Test]
    public async Task CommandLine_Wrong_IsSaid()
    {
        foreach ((string[] words, int code, string said) in new (string[], int, string)[]
        {
            ([], 64, "say what to tap: a label, or +flower.connection_id for all connections"),
            (["-A", "-X", "a=b"], 64, "give one of -w, -A and -X"),
            (["-w", "/nonexistent/x", "a=b"], 1, "cannot write /nonexistent/x"),
            (["-w", "/dev/full", "a=b"], 1, "cannot write /dev/full: No space left on device"),
        })
        {
            FlowerProcess tap = Board.Flower(["tap", .. words]);
            Assert.That(await tap.ExitAsync(), Is.EqualTo(code), tap.Error.ToString());
            Assert.That(tap.Error.ToString(), Does.Contain("flower tap: " + said));
        }
    }
}
