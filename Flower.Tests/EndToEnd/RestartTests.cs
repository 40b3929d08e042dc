// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Flower.Client;
using Flower.Protocol;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// <c>wrk</c>, with a connection for each request, while the ingress is replaced: the new one starts on the same socket
/// before the old one is told to end.
/// </summary>
public sealed partial class RestartTests : EndToEndTest
{
    private const int Restarts = 3;
    private const int Connections = 8;
    private const int Seconds = 8;
    private const int AtLeast = 2000;

    private InheritedListener _listener = null!;

    [SetUp]
    public void Listen() => _listener = new();

    [TearDown]
    public void StopListening() => _listener.Dispose();

    [Test]
    public async Task Restart_HandedOver_NoRequestFails()
    {
        await using Client.Handle handle = await Board.OpenAsync();
        await using Listener server = await handle.ListenAsync(LabelSet.Create(("service", "www"))).Within();
        Task serving = ServeAsync(server);

        await LoadAndRestartAsync();

        await server.DisposeAsync();
        await serving.Within();
    }

    [Test]
    public async Task Restart_RelayedToNginx_NoRequestFails()
    {
        await using NginxFixture nginx = await NginxFixture.StartAsync();
        await Board.FlowerReadyAsync("egress", "connect", "--to", nginx.Socket("keep"), "service=www");

        await LoadAndRestartAsync();
    }

    private async Task LoadAndRestartAsync()
    {
        FlowerProcess ingress = await StartIngressAsync();
        FlowerProcess wrk = Board.Program(
            Programs.Require("wrk"), "-t", "1", "-c", Text(Connections), "-d", Text(Seconds) + "s",
            "-H", "Connection: close", $"http://{_listener.Address}/");
        for (int i = 0; i < Restarts; i++)
        {
            // Some traffic through this one, then the next one before it ends: at no time does nobody accept.
            await WaitForTrafficAsync(ingress);
            FlowerProcess next = await StartIngressAsync();
            ingress.Signal(Signum.SIGTERM);
            Assert.That(await ingress.ExitAsync(), Is.Zero, ingress.Error.ToString());
            Assert.That(wrk.HasExited, Is.False, "the load ended before the restarts");
            ingress = next;
        }

        Assert.That(await wrk.ExitAsync(), Is.Zero, wrk.Error.ToString());
        string report = wrk.Out.ToString();
        Assert.That(report, Does.Not.Contain("Socket errors").And.Not.Contain("Non-2xx"));
        Assert.That(
            int.Parse(Requests().Match(report).Groups[1].Value, CultureInfo.InvariantCulture),
            Is.GreaterThan(AtLeast), report);
    }

    private async Task<FlowerProcess> StartIngressAsync()
    {
        FlowerProcess ingress = _listener.Flower(Board, "ingress", "accept", "systemd", "service=www");
        await ingress.ReadyAsync();
        return ingress;
    }

    // The first connections of an ingress are among the lines that it says.
    private static async Task WaitForTrafficAsync(FlowerProcess ingress) =>
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(ingress.Error.Lines.Count > 100)), Is.True,
            ingress.Error.ToString());

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static async Task ServeAsync(Listener server)
    {
        await foreach (IncomingConnection incoming in server)
        {
            try
            {
                Answer(await incoming.AcceptAsync());
            }
            catch (FlowerException)
            {
                // wrk gives up what goes on when its time is over.
            }
        }
    }

    // Blocking, and short: the request is on its way when the connection is.
    private static void Answer(Connection connection)
    {
        using (connection)
        {
            connection.Socket.ReceiveTimeout = (int)Patience.Limit.TotalMilliseconds;
            try
            {
                if (HasRequest(connection.Socket))
                {
                    connection.Socket.Send(
                        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n"u8);
                    connection.Socket.Shutdown(SocketShutdown.Both);
                }
            }
            catch (SocketException)
            {
                // wrk gives up what goes on when its time is over.
            }
        }
    }

    private static bool HasRequest(Socket socket)
    {
        byte[] buffer = new byte[4096];
        int filled = 0;
        while (!buffer.AsSpan(0, filled).EndsWith("\r\n\r\n"u8))
        {
            int count = socket.Receive(buffer, filled, buffer.Length - filled, SocketFlags.None);
            if (count == 0)
            {
                return false;
            }

            filled += count;
        }

        return true;
    }

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();
}
