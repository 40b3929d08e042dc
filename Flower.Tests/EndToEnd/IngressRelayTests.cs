// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>An ingress whose target is an egress with a fixed destination: it relays.</summary>
public sealed class IngressRelayTests : IngressTest
{
    [Test]
    public async Task Relay_FixedDestination_CarriesBothWays()
    {
        await using FixedDestination destination = await FixedDestination.StartAsync(Board);
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--peek", "http");
        using Socket client = await ConnectAsync(address);
        await client.SendAsync(Latin1(Get)).Within();
        using Socket server = await destination.AcceptAsync();

        Assert.That(await ReadSomeAsync(server), Is.EqualTo(Get));
        await server.SendAsync(Latin1("answer")).Within();
        server.Shutdown(SocketShutdown.Both);

        Assert.That(await ReadAsync(client), Is.EqualTo("answer"));
        client.Dispose();
        await ingress.Error.AwaitLineAsync("relaying 127.0.0.1:", "http_host=a.example");
        await ingress.Error.AwaitLineAsync("relayed 127.0.0.1:", $"{Get.Length} bytes to the server, 6 to the client");
    }

    [Test]
    public async Task Relay_SwitchboardHasGone_GoesOn()
    {
        await using FixedDestination destination = await FixedDestination.StartAsync(Board);
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync();
        using Socket client = await ConnectAsync(address);
        using Socket server = await destination.AcceptAsync();
        await ingress.Error.AwaitLineAsync("relaying 127.0.0.1:");

        await Board.EndDaemonAsync();
        await client.SendAsync(Latin1("still here")).Within();
        Assert.That(await ReadSomeAsync(server), Is.EqualTo("still here"));
        client.Shutdown(SocketShutdown.Send);
        server.Shutdown(SocketShutdown.Both);

        Assert.That(await ReadAsync(client), Is.Empty);
        client.Dispose();
        await ingress.Error.AwaitLineAsync("relayed 127.0.0.1:");
        await ingress.Error.AwaitLineAsync("the switchboard has gone: waiting for it");
        Assert.That(ingress.HasExited, Is.False);
    }

    [Test]
    public async Task Relay_Stop_LetsItFinishUntilASecondSignal()
    {
        await using FixedDestination destination = await FixedDestination.StartAsync(Board);
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--drain", "1h");
        using Socket client = await ConnectAsync(address);
        using Socket server = await destination.AcceptAsync();
        await ingress.Error.AwaitLineAsync("relaying 127.0.0.1:");

        ingress.Signal(Signum.SIGTERM);
        // Two that come at once are one (signal(7)).
        Assert.That(await Patience.UntilAsync(() => Task.FromResult(!LoopbackPort.Answers(address.Port))), "it stops");
        await client.SendAsync(Latin1("still here")).Within();
        Assert.That(await ReadSomeAsync(server), Is.EqualTo("still here"));
        ingress.Signal(Signum.SIGTERM);

        Assert.That(await ingress.ExitAsync(), Is.Zero);
        await ingress.Error.AwaitLineAsync("was cut off: the ingress is stopping");
    }

    [Test]
    public async Task Relay_ServerNeverReads_HoldsUpItsClientOnly()
    {
        await using FixedDestination destination = await FixedDestination.StartAsync(Board);
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync();
        using Socket stuck = await ConnectAsync(address);
        using Socket deaf = await destination.AcceptAsync();
        long memory = ingress.MemoryBytes;
        long sent = SendUntilFull(stuck);

        using Socket client = await ConnectAsync(address);
        using Socket server = await destination.AcceptAsync();
        await client.SendAsync(Latin1("hello")).Within();

        Assert.That(await ReadSomeAsync(server), Is.EqualTo("hello"));
        Assert.That(sent, Is.GreaterThan(0));
        Assert.That(ingress.MemoryBytes - memory, Is.LessThan(32L * 1024 * 1024));
        Assert.That(deaf.Available, Is.GreaterThan(0));
    }

    // Full for a tenth of a second: the other side had the time to take more.
    private static long SendUntilFull(Socket socket)
    {
        byte[] zeros = new byte[64 * 1024];
        long sent = 0;
        socket.SendTimeout = 100;
        try
        {
            while (true)
            {
                sent += socket.Send(zeros);
            }
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            return sent;
        }
    }

    private static async Task<string> ReadSomeAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        int count = await socket.ReceiveAsync(buffer).Within();
        return System.Text.Encoding.Latin1.GetString(buffer, 0, count);
    }

    /// <summary>An egress on the board that connects to a listener of the test, whoever asks.</summary>
    private sealed class FixedDestination : IAsyncDisposable
    {
        private readonly Client.Handle _handle;
        private readonly Client.Egress _egress;
        private readonly Socket _listener;
        private readonly Task _connecting;

        private FixedDestination(Client.Handle handle, Client.Egress egress)
        {
            _handle = handle;
            _egress = egress;
            _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _listener.Listen();
            _connecting = Task.Run(ConnectAllAsync);
        }

        public static async Task<FixedDestination> StartAsync(SwitchboardFixture board)
        {
            Client.Handle handle = await board.OpenAsync();
            return new(handle, await handle.StartEgressAsync(
                LabelSet.Create(("service", "www")), new() { FixedDestination = true }).Within());
        }

        public Task<Socket> AcceptAsync() => _listener.AcceptAsync().Within();

        public async ValueTask DisposeAsync()
        {
            await _egress.DisposeAsync();
            await _connecting.Within();
            _listener.Dispose();
            await _handle.DisposeAsync();
        }

        // Blocking: the socket is handed over.
        private async Task ConnectAllAsync()
        {
            try
            {
                await foreach (EgressRequest request in _egress)
                {
                    using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    socket.Connect(_listener.LocalEndPoint!);
                    await request.ConnectedAsync(socket);
                }
            }
            catch (FlowerException)
            {
                // The switchboard has gone.
            }
        }
    }
}
