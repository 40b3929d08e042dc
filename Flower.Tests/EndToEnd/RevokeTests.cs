// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower handles</c> and <c>flower revoke</c>, as one uses them in a shell.</summary>
public sealed class RevokeTests : EndToEndTest
{
    [Test]
    public async Task Revoke_AHandleFromTheList_EndsWhatWasMadeFromIt()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Handle narrow = await handle.ConstrainAsync([Right.ServerStart], LabelSet.Empty, Words("zone=x"));
        await using Listener listener = await narrow.ListenAsync(Words("service=kept"));
        JsonElement live = (await HandlesAsync()).Single(line => line.GetProperty("parent").ValueKind == JsonValueKind.Number);
        Assert.That(live.GetProperty("rights").EnumerateArray().Single().GetString(), Is.EqualTo("SERVER_START"));
        Assert.That(live.GetProperty("out").GetProperty("zone").GetString(), Is.EqualTo("x"));
        Assert.That(live.GetProperty("targets").GetInt32(), Is.EqualTo(1));
        Assert.That(live.GetProperty("maker").GetProperty("pid").GetInt32(), Is.EqualTo(Environment.ProcessId));
        string id = live.GetProperty("handle").ToString();
        Board.ExpectInLog("the handle was revoked");

        FlowerProcess revoke = Board.Flower("revoke", id);

        Assert.That(await revoke.ExitAsync(), Is.Zero, revoke.Error.ToString());
        Assert.That(
            revoke.Out.Lines.Single(),
            Is.EqualTo($"handle {id} was revoked: 1 handle, 1 session, 1 target and 0 connections ended"));
        await narrow.Closed.Within();
        Assert.That(await handle.ListAsync(LabelSet.Empty).ToListAsync(), Is.Empty);
        FlowerProcess again = Board.Flower("revoke", id, "4711");
        Assert.That(await again.ExitAsync(), Is.EqualTo(69));
        Assert.That(again.Error.Lines, Has.Count.EqualTo(2));
        Assert.That(again.Error.Lines[0], Does.StartWith($"flower revoke: no handle {id} that you may revoke"));
    }

    [Test]
    public async Task Handles_OnATerminal_AreATree()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Handle narrow = await handle.ConstrainAsync([], LabelSet.Empty, LabelSet.Empty);
        await using Handle below = await narrow.ConstrainAsync([], LabelSet.Empty, LabelSet.Empty);

        FlowerProcess table = Board.Program(
            Programs.Require("script"), "-qec", $"stty cols 200; '{Programs.Flower}' handles", "/dev/null");

        Assert.That(await table.ExitAsync(), Is.Zero, table.Out.ToString());
        Assert.That(table.Out.Lines[1], Does.Contain("HANDLE").And.Contain("MADE BY"));
        string[] made = [.. table.Out.Lines.Where(line => line.Contains('└'))];
        Assert.That(made, Has.Length.EqualTo(2).And.All.Contain("none"));
        Assert.That(made[1].IndexOf('└'), Is.EqualTo(made[0].IndexOf('└') + 2));
    }

    [Test]
    public async Task Server_ItsHandleRevoked_EndsDenied()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("serve", "service=echo", "--", "cat");
        string id = (await HandlesAsync()).Single(line => line.GetProperty("targets").GetInt32() == 1)
            .GetProperty("handle").ToString();
        Board.ExpectInLog("the handle was revoked");

        Assert.That(await Board.Flower("revoke", id).ExitAsync(), Is.Zero);

        Assert.That(await server.ExitAsync(), Is.EqualTo(77), server.Error.ToString());
        Assert.That(server.Error.Lines[^1], Does.Contain("the handle was revoked"));
    }

    [Test]
    public async Task Revocable_Cat_BothSidesEndWhenItIsRevoked()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=demo");
        FlowerProcess client = Board.Flower("cat", "--revocable", "-v", "program=demo");
        string id = ConnectionOf(await client.Error.AwaitLineAsync("flower.connection_id="));
        await client.WriteLineAsync("hello");
        await server.Out.AwaitLineAsync("hello");
        Assert.That(client.Error.Lines, Does.Contain("flower.revocable=true (attested)"));
        JsonElement live = (await LinesAsync("handles")).Single(line => line.TryGetProperty("connection", out _));
        Assert.That(live.GetProperty("connection").ToString(), Is.EqualTo(id));
        Assert.That(live.GetProperty("client").GetProperty("pid").GetInt32(), Is.EqualTo(client.Id));

        FlowerProcess revoke = Board.Flower("revoke", "--connection", id);

        Assert.That(await revoke.ExitAsync(), Is.Zero, revoke.Error.ToString());
        Assert.That(revoke.Out.Lines, Is.EqualTo(new[] { $"connection {id} was shut down" }));
        Assert.That(await client.ExitAsync(), Is.Zero);
        Assert.That(await server.ExitAsync(), Is.Zero);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Revocable_EitherSideIsKilled_TheOtherSeesTheEnd(bool killClient)
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=demo");
        FlowerProcess client = Board.Flower("cat", "--revocable", "program=demo");
        await client.WriteLineAsync("hello");
        await server.Out.AwaitLineAsync("hello");

        (killClient ? client : server).Kill();

        Assert.That(await (killClient ? server : client).ExitAsync(), Is.Zero);
        await AssertNothingIsHeldAsync();
    }

    [Test]
    public async Task Revocable_Connect_ServerSeesTheEndOfTheCommand()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=demo");
        FlowerProcess connect = Board.Flower("connect", "--revocable", "program=demo", "--", "sh", "-c", "echo hello; read x");
        await server.Out.AwaitLineAsync("hello");
        Assert.That((await LinesAsync("handles")).Any(line => line.TryGetProperty("connection", out _)), Is.True);

        await server.WriteLineAsync("and back");

        Assert.That(await connect.ExitAsync(), Is.Zero);
        server.CloseInput();
        Assert.That(await server.ExitAsync(), Is.Zero);
        await AssertNothingIsHeldAsync();
    }

    [Test]
    public async Task GrpcDoor_Handles_AreShownAndRevoked()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Handle narrow = await handle.ConstrainAsync([], LabelSet.Empty, LabelSet.Empty);
        using var door = new GrpcDoor(Board.Admin);
        var handles = new List<LiveHandle>();
        using AsyncServerStreamingCall<HandlesResponse> call = door.Switchboard.Handles(new(), deadline: GrpcDoor.Deadline);
        await foreach (HandlesResponse slice in call.ResponseStream.ReadAllAsync())
        {
            handles.AddRange(slice.Handles);
        }

        Board.ExpectInLog("the handle was revoked");
        RevokeResponse response = await door.Switchboard.RevokeAsync(
            new() { HandleId = handles.Single(h => h.Parent != 0).Id }, deadline: GrpcDoor.Deadline);

        Assert.That(response.Sessions, Is.EqualTo(1));
        await narrow.Closed.Within();
        RpcException? e = await Assert.ThrowsAsync<RpcException>(
            () => door.Switchboard.RevokeAsync(new() { ConnectionId = 12345 }, deadline: GrpcDoor.Deadline).ResponseAsync);
        Assert.That(e!.StatusCode, Is.EqualTo(StatusCode.NotFound));
    }

    [Test]
    public async Task Replace_RevocableConnections_AreStillRevocable()
    {
        var revocable = new ConnectOptions { Revocable = true };
        await using Handle handle = await Board.OpenAsync();
        await using Handle narrow = await handle.ConstrainAsync([Right.ClientConnect], LabelSet.Empty, LabelSet.Empty);
        await using Listener listener = await handle.ListenAsync(Words("service=a"), new() { Credit = 1 });
        Task<Connection> connecting = narrow.ConnectAsync(Words("service=a"), revocable);
        using Connection madeAtServer = await (await NextAsync(listener)).AcceptAsync();
        using Connection made = await connecting.Within();
        Task<Connection> pending = narrow.ConnectAsync(Words("service=a"), revocable);
        IncomingConnection offered = await NextAsync(listener);

        await Board.ReplaceAsync();

        using Connection lateAtServer = await offered.AcceptAsync();
        using Connection late = await pending.Within();
        Assert.That(await handle.RevocableConnectionsAsync().ToListAsync(), Has.Count.EqualTo(2));
        ulong id = (await handle.HandlesAsync().ToListAsync()).Single(h => h.Parent is not null).Id;
        Board.ExpectInLog("the handle was revoked");
        RevokeResult result = await handle.RevokeAsync(id);

        Assert.That(result, Is.EqualTo(new RevokeResult(1, 1, 0, 2)));
        foreach (Connection side in new[] { madeAtServer, made, lateAtServer, late })
        {
            side.Socket.ReceiveTimeout = 10_000;
            Assert.That(side.Socket.Receive(new byte[1]), Is.Zero);
        }

        await AssertNothingIsHeldAsync();
    }

    private static LabelSet Words(params string[] words) => LabelSet.ParseWords(words);

    private static JsonElement Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }

    private static string ConnectionOf(string line) => line.Split('=', ' ')[1];

    private static async Task<IncomingConnection> NextAsync(Listener listener)
    {
        await using IAsyncEnumerator<IncomingConnection> connections = listener.GetAsyncEnumerator();
        Assert.That(await connections.MoveNextAsync().Within(), Is.True);
        return connections.Current;
    }

    private async Task<List<JsonElement>> LinesAsync(string command)
    {
        FlowerProcess process = Board.Flower(command);
        Assert.That(await process.ExitAsync(), Is.Zero, process.Error.ToString());
        return [.. process.Out.Lines.Select(Parse)];
    }

    private async Task<List<JsonElement>> HandlesAsync() =>
        [.. (await LinesAsync("handles")).Where(line => line.TryGetProperty("handle", out _))];

    private async Task AssertNothingIsHeldAsync()
    {
        await using Handle handle = await Board.OpenAsync();
        Assert.That(
            await Patience.UntilAsync(async () => !await handle.RevocableConnectionsAsync().AnyAsync()), Is.True, "still held");
    }
}
