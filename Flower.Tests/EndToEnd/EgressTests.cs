// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flower.Client;
using Flower.Protocol;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower egress connect</c>, to loopback.</summary>
public sealed class EgressTests : EndToEndTest
{
    [Test]
    public async Task Egress_TcpDestination_Connects()
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        server.Listen();
        Task echoing = EchoOneAsync(server);
        await Board.FlowerReadyAsync("egress", "connect", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();

        using Connection connection = await handle.ConnectAsync(Inet(PortOf(server))).Within();

        Assert.That(connection.Socket.AddressFamily, Is.EqualTo(AddressFamily.InterNetwork));
        Assert.That(connection.Socket.RemoteEndPoint, Is.EqualTo(server.LocalEndPoint));
        Assert.That(connection.Labels["zone"], Is.EqualTo("outside"));
        Assert.That(await SayAsync(connection.Socket, "to the outside"), Is.EqualTo("to the outside"));
        await echoing.Within();
    }

    [Test]
    public async Task Egress_UnixDestination_Connects()
    {
        string path = Path.Combine(Board.Folder, "echo");
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(new UnixDomainSocketEndPoint(path));
        server.Listen();
        Task echoing = EchoOneAsync(server);
        await Board.FlowerReadyAsync("egress", "connect", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();

        using Connection connection = await handle.ConnectAsync(LabelSet.Create(
            ("zone", "outside"), ("address_family", "unix"), ("server_path", path))).Within();

        Assert.That(await SayAsync(connection.Socket, "to a path"), Is.EqualTo("to a path"));
        await echoing.Within();
    }

    [Test]
    public async Task Egress_ConnectionRefused_TellsTheClientAndGoesOn()
    {
        // Bound, and not listening: nobody else can take the port meanwhile.
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        FlowerProcess egress = await Board.FlowerReadyAsync("egress", "connect", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();
        for (int i = 0; i < 2; i++)
        {
            FlowerException? refused = await Assert.ThrowsAsync<FlowerException>(
                () => handle.ConnectAsync(Inet(PortOf(closed))).Within());

            Assert.That(refused!.StatusCode, Is.EqualTo(StatusCode.Unavailable));
            Assert.That(refused.Message, Does.Contain($"connection refused by 127.0.0.1:{PortOf(closed)}"));
        }

        await egress.Error.AwaitLineAsync("flower egress: ", "connection refused");
        Assert.That(egress.HasExited, Is.False);
    }

    [Test]
    public async Task Egress_NameInsteadOfAddress_IsRefusedWithTheRemedy()
    {
        await Board.FlowerReadyAsync("egress", "connect", "zone=outside");

        FlowerProcess client = Board.Flower(
            "cat", "zone=outside", "address_family=inet", "server_address=localhost", "server_port=1");

        Assert.That(await client.ExitAsync(), Is.EqualTo(69));
        Assert.That(client.Error.Lines.Single(), Does.Contain("server_address must be an IPv4 address"));
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static LabelSet Inet(int port) => LabelSet.Create(
        ("zone", "outside"), ("address_family", "inet"), ("server_address", "127.0.0.1"),
        ("server_port", port.ToString(CultureInfo.InvariantCulture)));

    private static async Task EchoOneAsync(Socket server)
    {
        using Socket peer = await server.AcceptAsync();
        using var stream = new NetworkStream(peer);
        await stream.CopyToAsync(stream);
    }

    private static async Task<string> SayAsync(Socket socket, string words)
    {
        // The stream before the half-close: afterwards .NET takes the socket for disconnected.
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(words)).AsTask().Within();
        socket.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync().Within();
    }
}
