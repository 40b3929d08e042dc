// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flower.Client;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower ingress accept --revocable</c>, on TCP.</summary>
public sealed class IngressRevocableTests : IngressTest
{
    [Test]
    public async Task Revocable_Revoked_ClientSeesTheEnd()
    {
        await Board.FlowerReadyAsync("serve", "service=www", "--", "cat");
        (_, IPEndPoint address) = await StartAsync("--revocable");
        using Socket client = await ConnectAsync(address);
        await client.SendAsync("hello"u8.ToArray());
        Assert.That(await ReceiveAsync(client), Is.EqualTo("hello"));
        await using Handle handle = await Board.OpenAsync();
        ConnectionInfo live = await handle.RevocableConnectionsAsync().SingleAsync();

        FlowerProcess revoke = Board.Flower("revoke", "--connection", $"{live.Id}");

        Assert.That(await revoke.ExitAsync(), Is.Zero, revoke.Error.ToString());
        Assert.That(await ReceiveAsync(client), Is.Empty);
    }

    // The program ends without a shutdown, and the switchboard holds a duplicate: flower serve says the end.
    [Test]
    public async Task Revocable_ProgramEnds_ClientSeesTheEnd()
    {
        await Board.FlowerReadyAsync("serve", "service=www", "--", "echo", "bye");
        (_, IPEndPoint address) = await StartAsync("--revocable");
        using Socket client = await ConnectAsync(address);

        Assert.That(await ReceiveAsync(client), Is.EqualTo("bye\n"));
        Assert.That(await ReceiveAsync(client), Is.Empty);
    }

    [Test]
    public async Task Revocable_RelayedToAnEgress_RevokedAndEnding()
    {
        using var origin = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        origin.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        origin.Listen();
        await Board.FlowerReadyAsync("egress", "connect", "--to", origin.LocalEndPoint!.ToString()!, "service=far");
        FlowerProcess ingress = await Board.FlowerReadyAsync(
            "ingress", "accept", "127.0.0.1:0", "service=far", "--revocable");
        using Socket client = await ConnectAsync(await AddressAsync(ingress));
        using Socket inside = await origin.AcceptAsync().Within();
        await client.SendAsync("hello"u8.ToArray());
        Assert.That(await ReceiveAsync(inside), Is.EqualTo("hello"));
        await using Handle handle = await Board.OpenAsync();
        ConnectionInfo live = await handle.RevocableConnectionsAsync().SingleAsync();

        await handle.RevokeConnectionAsync(live.Id);

        Assert.That(await ReceiveAsync(client), Is.Empty);
        Assert.That(await ReceiveAsync(inside), Is.Empty);
        using Socket second = await ConnectAsync(await AddressAsync(ingress));
        using Socket secondInside = await origin.AcceptAsync().Within();
        second.Shutdown(SocketShutdown.Send);
        Assert.That(await ReceiveAsync(secondInside), Is.Empty, "the half-close passes");
        secondInside.Dispose();
        Assert.That(await ReceiveAsync(second), Is.Empty);
        Assert.That(
            await Patience.UntilAsync(async () => !await handle.RevocableConnectionsAsync().AnyAsync()), Is.True, "still held");
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        byte[] buffer = new byte[1000];
        return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer.AsMemory()).Within());
    }
}
