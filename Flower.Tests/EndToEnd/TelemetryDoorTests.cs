// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flower.Client;
using Flower.Protocol;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Where metrics are served: an address that cannot be had, and who asks there.</summary>
public sealed class TelemetryDoorTests : OtherUsersTest
{
    [Test]
    public async Task Address_CannotBeHadAtAReplacement_EverythingGoesOnAndItIsTriedAgain()
    {
        if (!File.Exists("/proc/net/if_inet6"))
        {
            Assert.Ignore("this kernel has no IPv6");
        }

        int port = LoopbackPort.Free();
        await Board.StartAsync();
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["service=kept"]));
        FlowerProcess old = Board.TakeDaemon();

        // A network namespace of its own has no such address until its loopback interface is up: EADDRNOTAVAIL.
        FlowerProcess successor = Board.Program(
            Programs.Require("unshare"), "--net", "--", Programs.Flower, "switchboard", "--replace", "--listen", Board.Handle,
            "--admin", Board.Admin, "--metrics", $"[::1]:{port}");
        Assert.That(await old.ExitAsync(), Is.Zero, old.Error.ToString());
        await old.DisposeAsync();
        await successor.Error.AwaitLineAsync($"goes on without metrics at [::1]:{port}, for now");
        Assert.That(await handle.ListAsync(LabelSet.Empty).CountAsync(), Is.EqualTo(1), "all are there");
        FlowerProcess up = Board.Program(
            Programs.Require("nsenter"), "--target", $"{successor.Id}", "--net", "--", Programs.Require("ip"), "link", "set",
            "lo", "up");
        Assert.That(await up.ExitAsync(), Is.Zero, up.Error.ToString());
        await successor.Error.AwaitLineAsync($"metrics are served at [::1]:{port}");

        await listener.DisposeAsync();
        await handle.DisposeAsync();
        successor.Signal(Signum.SIGTERM);
        Assert.That(await successor.ExitAsync(), Is.Zero, successor.Error.ToString());
    }

    [TestCase("127.0.0.1", 200)]
    [TestCase("127.0.0.1:1", 200)]
    [TestCase("[::1]:9464", 200)]
    [TestCase("LOCALHOST", 200)]
    [TestCase("evil.example", 421)]
    [TestCase("localhost.evil.example", 421)]
    [TestCase("192.0.2.1", 421)]
    public async Task Host_NoLoopbackAddress_IsRefused(string host, int status)
    {
        int port = await StartAsync();
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/metrics");
        request.Headers.Host = host;

        using HttpResponseMessage answer = await http.SendAsync(request).Within();

        Assert.That((int)answer.StatusCode, Is.EqualTo(status));
        Assert.That((await answer.Content.ReadAsStringAsync()).Contains("flower_sessions"), Is.EqualTo(status == 200));
    }

    [Test]
    public async Task Connections_TooMany_AreClosedUntilThereAreFewer()
    {
        const int most = 16;
        int port = await StartAsync();
        var sockets = new List<Socket>();
        for (int i = 0; i < most; i++)
        {
            // Answered, so that it is known to be among those that are open.
            Socket socket = Connect(port);
            Assert.That(Ask(socket), Does.StartWith("HTTP/1.1 200 "));
            sockets.Add(socket);
        }

        using (Socket other = Connect(port))
        {
            Assert.That(Ask(other), Is.Empty);
        }

        sockets.ForEach(socket => socket.Dispose());
        Assert.That(
            await Patience.UntilAsync(() =>
            {
                using Socket later = Connect(port);
                return Task.FromResult(Ask(later).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal));
            }),
            Is.True,
            "nobody is served any more");
    }

    private async Task<int> StartAsync()
    {
        int port = LoopbackPort.Free();
        await Board.StartAsync("--metrics", $"127.0.0.1:{port}");
        return port;
    }

    private static Socket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    // The beginning of the answer; nothing: the connection is closed.
    private static string Ask(Socket socket)
    {
        byte[] buffer = new byte[256];
        try
        {
            socket.Send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"u8);
            return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            return "";
        }
    }
}
