// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flower.Client;
using Flower.Protocol;
using Flower.Rpc.Interop;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower ingress accept</c>, with curl as the outside world.</summary>
public sealed class IngressTests : EndToEndTest
{
    private FlowerProcess? _ingress;

    [Test]
    public async Task Ingress_CurlToServerOnBoard_HandsOverTheAcceptedSocket()
    {
        string curl = Programs.Require("curl");
        await using Client.Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.Create(("service", "www"))).Within();
        IPEndPoint address = await StartIngressAsync();
        Task<Served> serving = Task.Run(() => ServeOneAsync(listener, "the page"));

        FlowerProcess fetch = Board.Program(
            curl, "--silent", "--noproxy", "*", "--max-time", "20", "-w", "\n%{local_port}\n", $"http://{address}/");
        Served served = await serving.Within();

        Assert.That(await fetch.ExitAsync(), Is.Zero);
        Assert.That(fetch.Out.Lines[0], Is.EqualTo("the page"));
        string port = fetch.Out.Lines[1];
        Assert.That(served.Request, Does.StartWith("GET / HTTP/1.1"));
        Assert.That(served.Peer, Is.EqualTo($"127.0.0.1:{port}"));
        Assert.That(served.IsTcp && served.IsCloseOnExec, Is.True);
        Assert.That(served.IsNonBlocking, Is.False);
        Assert.That(served.Labels["client_address"], Is.EqualTo("127.0.0.1"));
        Assert.That(served.Labels["client_port"], Is.EqualTo(port));
        Assert.That(served.Labels["address_family"], Is.EqualTo("inet"));
        Assert.That(served.Labels["server_port"], Is.EqualTo(address.Port.ToString(CultureInfo.InvariantCulture)));
    }

    [Test]
    public async Task Ingress_NothingMatches_ClosesAtOnceAndGoesOn()
    {
        IPEndPoint address = await StartIngressAsync();

        Assert.That(await ReadAllAsync(address), Is.Empty);

        await _ingress!.Error.AwaitLineAsync("refused 127.0.0.1:", "nothing matches");
        await using Client.Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.Create(("service", "www"))).Within();
        Task<string> fetching = ReadAllAsync(address);
        await using IncomingConnection incoming = await FirstAsync(listener);
        using (Connection connection = await incoming.AcceptAsync().Within())
        {
            connection.Socket.Send("served"u8);
        }

        Assert.That(await fetching.Within(), Is.EqualTo("served"));
        await _ingress.Error.AwaitLineAsync("handed over 127.0.0.1:");
        _ingress.Signal(Mono.Unix.Native.Signum.SIGTERM);
        Assert.That(await _ingress.ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task Ingress_ServerNeverReads_HoldsUpNobodyElse()
    {
        await using Client.Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.Create(("service", "www"))).Within();
        IPEndPoint address = await StartIngressAsync();
        using var stuck = new TcpClient();
        await stuck.ConnectAsync(address).Within();
        await using IncomingConnection first = await FirstAsync(listener);
        using Connection deaf = await first.AcceptAsync().Within();
        await stuck.GetStream().WriteAsync(new byte[64 * 1024]).AsTask().Within();

        Task<Served> serving = Task.Run(() => ServeOneAsync(listener, "the page"));
        using var client = new HttpClient();

        Assert.That(await client.GetStringAsync(new Uri($"http://{address}/")).Within(), Is.EqualTo("the page"));
        await serving.Within();
        Assert.That(deaf.Socket.Available, Is.GreaterThan(0));
    }

    private async Task<IPEndPoint> StartIngressAsync()
    {
        _ingress = await Board.FlowerReadyAsync("ingress", "accept", "127.0.0.1:0", "service=www");
        string line = await _ingress.Error.AwaitLineAsync("listening on ");
        return IPEndPoint.Parse(line[(line.LastIndexOf(' ') + 1)..]);
    }

    private static async Task<IncomingConnection> FirstAsync(Listener listener)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        await foreach (IncomingConnection incoming in listener.WithCancellation(limit.Token))
        {
            return incoming;
        }

        throw new InvalidOperationException("the listener ended");
    }

    private static async Task<Served> ServeOneAsync(Listener listener, string page)
    {
        await using IncomingConnection incoming = await FirstAsync(listener);
        using Connection connection = await incoming.AcceptAsync();
        Descriptor descriptor = connection.TakeDescriptor();
        (bool closeOnExec, bool nonBlocking) = (descriptor.IsCloseOnExec, descriptor.IsNonBlocking);
        using var socket = new Socket(descriptor.ToSocketHandle()) { ReceiveTimeout = 20_000 };
        byte[] buffer = new byte[4096];
        string request = "";
        while (!request.EndsWith("\r\n\r\n", StringComparison.Ordinal) && socket.Receive(buffer) is int count and > 0)
        {
            request += Encoding.ASCII.GetString(buffer, 0, count);
        }

        socket.Send(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 200 OK\r\nContent-Length: {page.Length}\r\nConnection: close\r\n\r\n{page}"));
        bool tcp = socket is { AddressFamily: AddressFamily.InterNetwork, SocketType: SocketType.Stream };
        return new(request, socket.RemoteEndPoint?.ToString(), tcp, closeOnExec, nonBlocking, connection.Labels);
    }

    private static async Task<string> ReadAllAsync(IPEndPoint address)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address).Within();
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync().Within();
    }

    private sealed record Served(
        string Request, string? Peer, bool IsTcp, bool IsCloseOnExec, bool IsNonBlocking, ConnectionLabels Labels);
}
