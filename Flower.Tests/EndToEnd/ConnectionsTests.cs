// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower connections</c>, with real programs at both ends.</summary>
public sealed class ConnectionsTests : IngressTest
{
    [TestCase(true)]
    [TestCase(false)]
    public async Task Json_Pair_IsShownUntilEitherSideIsKilled(bool killClient)
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=demo");
        FlowerProcess client = Board.Flower("cat", "program=demo", "tenant=blue");
        await client.WriteLineAsync("hello");
        await server.Out.AwaitLineAsync("hello");

        JsonElement seen = (await SeenAsync()).Single();

        Assert.That(Word(seen, "kind"), Is.EqualTo("pair"));
        Assert.That(Word(seen, "state"), Is.EqualTo("open"));
        Assert.That(Word(seen, "client", "labels", "tenant"), Is.EqualTo("blue"));
        Assert.That(Word(seen, "client", "sources", "tenant"), Is.EqualTo("claimed"));
        Assert.That(Word(seen, "target", "labels", "flower.server_pid"), Is.EqualTo($"{server.Id}"));
        Assert.That(Number(seen, "client", "pid"), Is.EqualTo(client.Id));
        Assert.That(Number(seen, "target", "pid"), Is.EqualTo(server.Id));
        Assert.That(Holders(seen, "client"), Is.EqualTo(new[] { client.Id }));
        Assert.That(Holders(seen, "target"), Is.EqualTo(new[] { server.Id }));
        Assert.That(seen.GetProperty("tcp").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(await SeenAsync("tenant=red"), Is.Empty);
        Assert.That(await SeenAsync("+tenant=blue"), Has.Count.EqualTo(1));

        (killClient ? client : server).Kill();

        await AssertNoneAsync();
    }

    [Test]
    public async Task Json_BytesThatWait_AreTheirsWhoShouldReceiveThem()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["a=1"]));
        Task<Connection> connecting = handle.ConnectAsync(LabelSet.ParseWords(["a=1"]));
        await using IAsyncEnumerator<IncomingConnection> next = listener.GetAsyncEnumerator();
        Assert.That(await next.MoveNextAsync().Within(), Is.True);
        using Connection atServer = await next.Current.AcceptAsync();
        using Connection atClient = await connecting.Within();
        atServer.Socket.Send(new byte[11]);
        atClient.Socket.Send(new byte[22]);
        atClient.Socket.Shutdown(SocketShutdown.Send);

        JsonElement seen = (await SeenAsync()).Single();

        Assert.That(Number(seen, "bytes_to_client"), Is.EqualTo(11));
        Assert.That(Number(seen, "bytes_to_target"), Is.EqualTo(22));
        Assert.That(Word(seen, "state"), Is.EqualTo("half-closed"));
    }

    [Test]
    public async Task Json_Ingress_HasWhatTcpMeasuresAndWhoHoldsTheSocket()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("serve", "service=other", "--", "sleep", "1000");
        FlowerProcess ingress = await Board.FlowerReadyAsync("ingress", "accept", "127.0.0.1:0", "service=other");
        using Socket client = await ConnectAsync(await AddressAsync(ingress));
        await client.SendAsync(new byte[4321]);

        JsonElement seen = default;
        bool isThere = await Patience.UntilAsync(async () =>
        {
            seen = (await SeenAsync()).SingleOrDefault();
            return seen.ValueKind == JsonValueKind.Object && Holders(seen, "target").Length > 0
                && Number(seen, "tcp", "bytes_received") == 4321;
        });

        Assert.That(isThere, Is.True, seen.ToString());
        Assert.That(Word(seen, "kind"), Is.EqualTo("pushed"));
        Assert.That(Number(seen, "bytes_to_target"), Is.EqualTo(4321), "sleep reads nothing");
        Assert.That(Number(seen, "bytes_to_client"), Is.Zero);
        Assert.That(Word(seen, "target", "command"), Is.EqualTo("sleep"));
        Assert.That(Number(seen, "target", "pid"), Is.EqualTo(server.Id));
        Assert.That(Holders(seen, "target"), Has.None.EqualTo(server.Id));
        Assert.That(Number(seen, "client", "pid"), Is.EqualTo(ingress.Id));
        Assert.That(Holders(seen, "client"), Is.Empty);
        Assert.That(Word(seen, "client", "labels", "client_address"), Is.EqualTo("127.0.0.1"));
        Assert.That(Number(seen, "tcp", "rtt_us"), Is.Positive);

        server.Kill();
        client.Close();
        await KillAsync(Holders(seen, "target"));
        await AssertNoneAsync();
    }

    [Test]
    public async Task Json_Egress_HasWhatTcpMeasures()
    {
        using var origin = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        origin.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        origin.Listen();
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--to", origin.LocalEndPoint!.ToString()!, "service=far");
        FlowerProcess client = Board.Flower("cat", "service=far");
        using Socket inside = await origin.AcceptAsync().Within();
        await client.WriteLineAsync("hello");
        await inside.SendAsync(new byte[100]);
        await inside.SendAsync("\nthere\n"u8.ToArray());
        await client.Out.AwaitLineAsync("there");

        JsonElement seen = default;
        bool isThere = await Patience.UntilAsync(async () =>
            (seen = (await SeenAsync()).Single()).ToString().Length > 0 && Number(seen, "tcp", "bytes_sent") == 7);

        Assert.That(isThere, Is.True, $"six bytes and the SYN: {seen}");
        Assert.That(Word(seen, "kind"), Is.EqualTo("egress"));
        Assert.That(Number(seen, "tcp", "bytes_received"), Is.EqualTo(107));
        Assert.That(Number(seen, "bytes_to_target"), Is.Zero, "the origin has not read it, but its kernel has it");
        Assert.That(Holders(seen, "client"), Is.EqualTo(new[] { client.Id }));
        Assert.That(Number(seen, "target", "pid"), Is.EqualTo(egress.Id));
        client.Kill();
        inside.Close();
        await AssertNoneAsync();
    }

    [Test]
    public async Task Json_Revocable_IsThereUntilItIsRevoked()
    {
        await Board.FlowerReadyAsync("cat", "-l", "program=demo");
        FlowerProcess client = Board.Flower("cat", "--revocable", "-v", "program=demo");
        await client.Error.AwaitLineAsync("flower.connection_id=");
        JsonElement seen = (await SeenAsync()).Single();
        Assert.That(seen.GetProperty("revocable").GetBoolean(), Is.True);

        Assert.That(await Board.Flower("revoke", "--connection", $"{Number(seen, "connection")}").ExitAsync(), Is.Zero);

        await AssertNoneAsync();
    }

    [Test]
    public async Task Replace_ConnectionsMadeBeforeAndBegunBefore_AreStillShown()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Handle narrow = await handle.ConstrainAsync(
            [Right.ClientConnect], LabelSet.Empty, LabelSet.ParseWords(["tenant=blue"]));
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["a=1"]), new() { Credit = 1 });
        await using IAsyncEnumerator<IncomingConnection> next = listener.GetAsyncEnumerator();
        Task<Connection> connecting = narrow.ConnectAsync(LabelSet.ParseWords(["a=1"]));
        Assert.That(await next.MoveNextAsync().Within(), Is.True);
        using Connection atServer = await next.Current.AcceptAsync();
        using Connection atClient = await connecting.Within();
        Task<Connection> pending = narrow.ConnectAsync(LabelSet.ParseWords(["a=1", "late=1"]));
        Assert.That(await next.MoveNextAsync().Within(), Is.True);
        IncomingConnection offered = next.Current;
        List<ConnectionInfo> before = await handle.ConnectionsAsync(LabelSet.Empty).ToListAsync();

        await Board.ReplaceAsync();

        using Connection lateAtServer = await offered.AcceptAsync();
        using Connection late = await pending.Within();
        List<ConnectionInfo> after = await handle.ConnectionsAsync(LabelSet.Empty).ToListAsync();
        Assert.That(after.Select(c => c.Id), Is.EqualTo(new[] { before.Single().Id, before.Single().Id + 1 }));
        Assert.That(after[0].SocketCookie, Is.EqualTo(before[0].SocketCookie));
        Assert.That(after[0].ClientLabels.ToJson(), Is.EqualTo(before[0].ClientLabels.ToJson()));
        Assert.That(after[0].ClientHandle, Is.EqualTo(before[0].ClientHandle));
        Assert.That(after[0].Age, Is.GreaterThanOrEqualTo(before[0].Age));
        Assert.That(after[1].ClientLabels["late"], Is.EqualTo("1"));
        Assert.That(await narrow.ConnectionsAsync(LabelSet.Empty).CountAsync(), Is.EqualTo(2), "its own");
        Assert.That(await SeenAsync(), Has.Count.EqualTo(2));
        atServer.Dispose();
        late.Dispose();
        await AssertNoneAsync();
    }

    [Test]
    public async Task Json_ServerForOneProcess_IsHiddenFromOthersWhoMayOnlyList()
    {
        await using Handle handle = await Board.OpenAsync();
        string[] words = ["a=1", $"flower.client_pid={Environment.ProcessId}"];
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(words));
        Task<Connection> connecting = handle.ConnectAsync(LabelSet.ParseWords(["a=1"]));
        await using IAsyncEnumerator<IncomingConnection> next = listener.GetAsyncEnumerator();
        Assert.That(await next.MoveNextAsync().Within(), Is.True);
        using Connection atServer = await next.Current.AcceptAsync();
        using Connection atClient = await connecting.Within();

        Assert.That(await SeenAsync(), Has.Count.EqualTo(1), "of the same user");
        FlowerProcess narrow = Board.Flower("run", "--right", "list", "--", Programs.Flower, "connections");
        Assert.That(await narrow.ExitAsync(), Is.Zero, narrow.Error.ToString());
        Assert.That(narrow.Out.Lines, Is.Empty);
    }

    [Test]
    public async Task Table_NamesAndLabelsThatATerminalShouldNotSee_AreEscaped()
    {
        string python = Programs.Require("python3");
        await Board.FlowerReadyAsync("cat", "-l", "program=demo");
        FlowerProcess client = Board.Flower(
            "connect", "program=demo", "evil=\u001b[31m[red]\nID", "--", "sh", "-c", $"exec '{python}' '{Programs.NamedClient}' >&2");
        await client.Error.AwaitLineAsync("named");

        FlowerProcess table = Board.Program(
            Programs.Require("script"), "-qec", $"stty cols 200; '{Programs.Flower}' connections", "/dev/null");
        Assert.That(await table.ExitAsync(), Is.Zero, table.Out.ToString());
        string text = table.Out.ToString();
        Assert.That(text, Does.Contain("evil=?[31m[red]?ID").And.Contain("?[31mred?\ufffd").And.Contain("WAITS"));
        Assert.That(text, Does.Not.Contain("\u001b[31m"));

        JsonElement seen = (await SeenAsync()).Single();
        Assert.That(Word(seen, "client", "labels", "evil"), Is.EqualTo("\u001b[31m[red]\nID"));
        Assert.That(Word(seen, "client", "command"), Does.StartWith("\u001b[31mred\n"));
    }

    [TestCase("unshare", "-rn")]
    [TestCase("python3", "without_netlink.py")]
    public async Task Json_KernelCannotBeAsked_StateIsUnknownAndItIsSaid(string program, string how)
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=demo");
        FlowerProcess client = Board.Flower("cat", "program=demo");
        await client.WriteLineAsync("hello");
        await server.Out.AwaitLineAsync("hello");

        FlowerProcess tool = Board.Program(
            Programs.Require(program), program == "python3" ? Programs.WithoutNetlink : how, Programs.Flower, "connections");
        if (await tool.ExitAsync() != 0 && program == "unshare" && tool.Error.ToString().Contains("unshare: "))
        {
            Assert.Ignore("no namespaces for this user: " + tool.Error);
        }

        JsonElement seen = JsonDocument.Parse(tool.Out.Lines.Single()).RootElement;
        Assert.That(Word(seen, "state"), Is.EqualTo("unknown"));
        Assert.That(seen.GetProperty("bytes_to_client").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(Number(seen, "client", "pid"), Is.EqualTo(client.Id));
        Assert.That(tool.Error.Lines.Single(), Does.StartWith("flower connections: the state of 1 of 1 connection is unknown: its socket is"));
    }

    [Test]
    public async Task Switchboard_WithoutNetlink_RemembersWhatItMadeAndTheToolKnowsBetter()
    {
        string path = Path.Combine(Board.Folder, "blind.sock");
        FlowerProcess daemon = Board.Program(
            Programs.Require("python3"), Programs.WithoutNetlink, Programs.Flower, "switchboard", "--listen", path, "--admin",
            Path.Combine(Board.Folder, "blind-admin.sock"), "--control", Path.Combine(Board.Folder, "blind-control.sock"));
        await daemon.ReadyAsync();
        await using Handle handle = await Handle.OpenAsync("unix:" + path);
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["a=1"]));
        await using IAsyncEnumerator<IncomingConnection> next = listener.GetAsyncEnumerator();
        var made = new List<Connection>();
        for (int i = 0; i < 2; i++)
        {
            Task<Connection> connecting = handle.ConnectAsync(LabelSet.ParseWords(["a=1"]));
            Assert.That(await next.MoveNextAsync().Within(), Is.True);
            made.Add(await next.Current.AcceptAsync());
            made.Add(await connecting.Within());
        }

        made[0].Dispose();
        made[1].Dispose();

        Assert.That(await handle.ConnectionsAsync(LabelSet.Empty).CountAsync(), Is.EqualTo(2));
        JsonElement seen = (await SeenAsync("--switchboard", "unix:" + path)).Single();
        Assert.That(Word(seen, "state"), Is.EqualTo("open"));
        made[2].Dispose();
        made[3].Dispose();
        daemon.Signal(Mono.Unix.Native.Signum.SIGTERM);
        Assert.That(await daemon.ExitAsync(), Is.Zero, daemon.Error.ToString());
    }

    [Test]
    public async Task GrpcDoor_Connections_AreTold()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=demo");
        FlowerProcess client = Board.Flower("cat", "program=demo");
        await client.WriteLineAsync("hello");
        await server.Out.AwaitLineAsync("hello");
        using var door = new GrpcDoor(Board.Admin);
        var told = new List<LiveConnection>();
        foreach (bool revocable in new[] { false, true })
        {
            using AsyncServerStreamingCall<ConnectionsResponse> call = door.Switchboard.Connections(
                new() { RevocableOnly = revocable }, deadline: GrpcDoor.Deadline);
            await foreach (ConnectionsResponse slice in call.ResponseStream.ReadAllAsync())
            {
                told.AddRange(slice.Connections);
            }
        }

        Assert.That(told.Single().Client.Pid, Is.EqualTo(client.Id));
        Assert.That(told.Single().SocketCookie, Is.Positive);
    }

    [Test]
    public async Task Connections_WrongLabels_AreRefused()
    {
        FlowerProcess wrong = Board.Flower("connections", "nonsense");
        Assert.That(await wrong.ExitAsync(), Is.EqualTo(64));
        Assert.That(wrong.Error.Lines.Single(), Does.StartWith("flower connections: 'nonsense' is not a label"));
        FlowerProcess none = Board.Flower("connections");
        Assert.That(await none.ExitAsync(), Is.Zero);
        Assert.That(none.Out.Lines.Concat(none.Error.Lines), Is.Empty);
    }

    private static JsonElement At(JsonElement from, params string[] path)
    {
        foreach (string name in path)
        {
            from = from.GetProperty(name);
        }

        return from;
    }

    private static string? Word(JsonElement from, params string[] path) => At(from, path).GetString();

    private static long Number(JsonElement from, params string[] path) => At(from, path).GetInt64();

    private static int[] Holders(JsonElement seen, string side) =>
        [.. At(seen, side, "holders").EnumerateArray().Select(pid => pid.GetInt32())];

    private static async Task KillAsync(int[] pids)
    {
        foreach (int pid in pids)
        {
            _ = Mono.Unix.Native.Syscall.kill(pid, Mono.Unix.Native.Signum.SIGKILL);
        }

        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(pids.All(pid => !Directory.Exists($"/proc/{pid}/fd")
                || File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal)))), Is.True);
    }

    private async Task<List<JsonElement>> SeenAsync(params string[] words)
    {
        FlowerProcess process = Board.Flower(["connections", "--json", .. words]);
        Assert.That(await process.ExitAsync(), Is.Zero, process.Error.ToString());
        Assert.That(process.Error.Lines, Is.Empty);
        return [.. process.Out.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private async Task AssertNoneAsync() => Assert.That(
        await Patience.UntilAsync(async () => (await SeenAsync()).Count == 0), Is.True, "it is still shown");
}
