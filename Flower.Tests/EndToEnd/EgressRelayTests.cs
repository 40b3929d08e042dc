// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flower.Client;
using Flower.Protocol;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower egress connect --relay</c>, to loopback.</summary>
public sealed class EgressRelayTests : EndToEndTest
{
    private Socket _server = null!;

    [SetUp]
    public void Listen()
    {
        _server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _server.Listen();
    }

    [TearDown]
    public void Close() => _server.Dispose();

    [Test]
    public async Task Relay_Client_HasNoSocketOfTheNetwork()
    {
        await Board.FlowerReadyAsync("egress", "connect", "--relay", "--allow", "127.0.0.0/8", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();

        using Connection connection = await handle.ConnectAsync(Destination()).Within();
        using Socket accepted = await _server.AcceptAsync().Within();

        Assert.That(connection.Socket.AddressFamily, Is.EqualTo(AddressFamily.Unix));
        await connection.Socket.SendAsync("there"u8.ToArray()).Within();
        Assert.That(await HearAsync(accepted), Is.EqualTo("there"));
        await accepted.SendAsync("and back"u8.ToArray()).Within();
        Assert.That(await HearAsync(connection.Socket), Is.EqualTo("and back"));
    }

    [Test]
    public async Task Relay_HalfCloseAndReset_ArePassedOn()
    {
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--relay", "--allow", "127.0.0.0/8", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();
        (await handle.ConnectAsync(Destination()).Within()).Dispose();
        (await _server.AcceptAsync().Within()).Dispose();
        await egress.Error.AwaitLineAsync("flower egress: relayed 127.0.0.1:", ": 0 bytes there, 0 back");
        int before = egress.OpenDescriptors.Count;
        using (Connection connection = await handle.ConnectAsync(Destination()).Within())
        using (Socket accepted = await _server.AcceptAsync().Within())
        {
            connection.Socket.Shutdown(SocketShutdown.Send);
            Assert.That(await HearAsync(accepted), Is.Empty);
            await accepted.SendAsync("last words"u8.ToArray()).Within();
            accepted.Shutdown(SocketShutdown.Send);
            Assert.That(await HearAsync(connection.Socket), Is.EqualTo("last words"));
            Assert.That(await HearAsync(connection.Socket), Is.Empty);
        }

        await egress.Error.AwaitLineAsync("flower egress: relayed 127.0.0.1:", ": 0 bytes there, 10 back");
        Assert.That(await Patience.UntilAsync(() => Task.FromResult(egress.OpenDescriptors.Count <= before)), Is.True);
    }

    [Test]
    public async Task Relay_Stopped_WhatIsRelayedMayFinish()
    {
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--relay", "--allow", "127.0.0.0/8", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();
        using Connection connection = await handle.ConnectAsync(Destination()).Within();
        using Socket accepted = await _server.AcceptAsync().Within();

        egress.Signal(Signum.SIGTERM);
        await egress.Error.AwaitLineAsync("stopping; connections that are still being made: 0, or relayed: 1");
        await connection.Socket.SendAsync("still there"u8.ToArray()).Within();
        Assert.That(await HearAsync(accepted), Is.EqualTo("still there"));
        accepted.Dispose();
        connection.Dispose();

        Assert.That(await egress.ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task Relay_StoppedTwice_IsCutOff()
    {
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--relay", "--allow", "127.0.0.0/8", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();
        using Connection connection = await handle.ConnectAsync(Destination()).Within();
        using Socket accepted = await _server.AcceptAsync().Within();
        egress.Signal(Signum.SIGTERM);
        await egress.Error.AwaitLineAsync("stopping;");

        egress.Signal(Signum.SIGTERM);

        await egress.Error.AwaitLineAsync("relaying 127.0.0.1:", "was cut off");
        await egress.ExitAsync();
        SocketException? cut = await Assert.ThrowsAsync<SocketException>(() => HearAsync(accepted));
        Assert.That(cut!.SocketErrorCode, Is.EqualTo(SocketError.ConnectionReset));
    }

    private static async Task<string> HearAsync(Socket socket)
    {
        byte[] buffer = new byte[256];
        return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer).Within());
    }

    private LabelSet Destination() => LabelSet.ParseWords([
        "zone=outside", "address_family=inet", "server_address=127.0.0.1",
        $"server_port={((IPEndPoint)_server.LocalEndPoint!).Port}",
    ]);
}
