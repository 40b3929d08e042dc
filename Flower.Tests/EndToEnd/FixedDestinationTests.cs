// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flower.Client;
using Flower.Protocol;
using Flower.ProxyProtocol;
using Flower.Rpc.Interop;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower egress connect --to</c>, with and without <c>--send-proxy</c>.</summary>
public sealed class FixedDestinationTests : EndToEndTest
{
    private Socket _server = null!;

    private int Port => ((IPEndPoint)_server.LocalEndPoint!).Port;

    [SetUp]
    public void StartServer()
    {
        _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _server.Listen();
    }

    [TearDown]
    public void StopServer() => _server.Dispose();

    [Test]
    public async Task To_Client_GetsASocketConnectedToIt()
    {
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--to", $"127.0.0.1:{Port}", "service=www");
        await egress.Error.AwaitLineAsync($"registered service=www, to 127.0.0.1:{Port}");
        await using Handle handle = await Board.OpenAsync();

        using Connection connection = await handle.ConnectAsync(LabelSet.Create(("service", "www"))).Within();
        using Socket accepted = _server.Accept();

        Assert.That(connection.Socket.RemoteEndPoint, Is.EqualTo(_server.LocalEndPoint));
        AssertHears(connection.Socket, accepted);
        AssertHears(accepted, connection.Socket);
        await egress.Error.AwaitLineAsync($"connected to 127.0.0.1:{Port}");
    }

    [Test]
    public async Task To_UnixPath_GetsASocketConnectedToIt()
    {
        string path = Path.Combine(Board.Folder, "server");
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(new UnixDomainSocketEndPoint(path));
        server.Listen();
        await Board.FlowerReadyAsync("egress", "connect", "--to", "unix:" + path, "service=www");
        await using Handle handle = await Board.OpenAsync();

        using Connection connection = await handle.ConnectAsync(LabelSet.Create(("service", "www"))).Within();
        using Socket accepted = server.Accept();

        AssertHears(connection.Socket, accepted);
    }

    [Test]
    public async Task To_IngressThatRelays_GetsASocketConnectedToIt()
    {
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--to", $"127.0.0.1:{Port}", "service=www");
        await using Handle handle = await Board.OpenAsync();
        for (int i = 0; i < 2; i++)
        {
            using Connection relayTo = await PushAsync(handle);
            using Socket accepted = _server.Accept();

            AssertHears(relayTo.Socket, accepted);
        }

        Assert.That(egress.HasExited, Is.False);
    }

    [Test]
    public async Task SendProxy_Push_AddressesAndLabelsBeforeTheFirstByte()
    {
        await Board.FlowerReadyAsync("egress", "connect", "--send-proxy", "--to", $"127.0.0.1:{Port}", "service=www");
        await using Handle handle = await Board.OpenAsync();
        using Connection relayTo = await PushAsync(handle);
        using Socket accepted = _server.Accept();
        relayTo.Socket.Send("GET /"u8);
        relayTo.Socket.Shutdown(SocketShutdown.Send);

        (ProxyHeader header, string rest) = Receive(accepted);

        Assert.That(rest, Is.EqualTo("GET /"));
        Assert.That(header.IsLocal, Is.False);
        Assert.That(header.Source, Is.EqualTo(IPEndPoint.Parse("192.0.2.1:4711")));
        Assert.That(header.Destination, Is.EqualTo(IPEndPoint.Parse("198.51.100.2:443")));
        Assert.That(TextOf(header, ProxyTlv.Alpn), Is.EqualTo("h2"));
        Assert.That(TextOf(header, ProxyTlv.Authority), Is.EqualTo("www.example.org"));
        Assert.That(
            TextOf(header, ProxyTlv.UniqueId), Is.EqualTo(relayTo.Labels["flower.connection_id"]).And.Not.Empty);
        Assert.That(
            header.Tlvs.Where(tlv => tlv.Type == ProxyTlv.Custom).Select(tlv => tlv.Text),
            Is.SupersetOf(new[] { "service=www", "client_port=4711", "tls_alpn=h2" })
                .And.Some.StartsWith("flower.client_uid="));
    }

    [Test]
    public async Task SendProxy_SomeLabels_OnlyThose()
    {
        await Board.FlowerReadyAsync(
            "egress", "connect", "--send-proxy", "--send-proxy-labels", "service,nothing", "--to", $"127.0.0.1:{Port}",
            "service=www");
        await using Handle handle = await Board.OpenAsync();
        using Connection relayTo = await PushAsync(handle);
        using Socket accepted = _server.Accept();
        relayTo.Dispose();

        (ProxyHeader header, _) = Receive(accepted);

        Assert.That(
            header.Tlvs.Where(tlv => tlv.Type == ProxyTlv.Custom).Select(tlv => tlv.Text),
            Is.EqualTo(new[] { "service=www" }));
        Assert.That(TextOf(header, ProxyTlv.Authority), Is.EqualTo("www.example.org"));
    }

    [Test]
    public async Task SendProxy_NoLabels_ShortestHeader()
    {
        await Board.FlowerReadyAsync(
            "egress", "connect", "--send-proxy", "--send-proxy-labels", "none", "--to", $"127.0.0.1:{Port}",
            "service=www");
        await using Handle handle = await Board.OpenAsync();
        using Connection relayTo = await PushAsync(handle);
        using Socket accepted = _server.Accept();
        relayTo.Dispose();

        (ProxyHeader header, string rest) = Receive(accepted);

        Assert.That(header.Source, Is.EqualTo(IPEndPoint.Parse("192.0.2.1:4711")));
        Assert.That(header.Tlvs, Is.Empty);
        Assert.That(rest, Is.Empty);
    }

    [Test]
    public async Task SendProxy_ClientWithoutAddresses_Unspecified()
    {
        await Board.FlowerReadyAsync("egress", "connect", "--send-proxy", "--to", $"127.0.0.1:{Port}", "service=www");
        await using Handle handle = await Board.OpenAsync();
        using (await handle.ConnectAsync(LabelSet.Create(("service", "www"))).Within())
        {
            using Socket accepted = _server.Accept();
            byte[] start = new byte[14];
            Assert.That(accepted.Receive(start), Is.EqualTo(14));
            Assert.That(Convert.ToHexString(start), Is.EqualTo("0D0A0D0A000D0A515549540A" + "2100"));
        }
    }

    private static async Task<Connection> PushAsync(Handle handle)
    {
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using (given)
        using (kept)
        {
            PushOutcome outcome = await handle.PushOrRelayAsync(given, LabelSet.Create(
                ("service", "www"), ("address_family", "inet"), ("client_address", "192.0.2.1"),
                ("client_port", "4711"),
                ("server_address", "198.51.100.2"), ("server_port", "443"), ("tls_alpn", "h2"),
                ("tls_server_name", "www.example.org"), ("http_host", "other.example"))).Within();
            return outcome.RelayTo!;
        }
    }

    private static string? TextOf(ProxyHeader header, byte type) =>
        header[type] is { } value ? Encoding.UTF8.GetString(value.Span) : null;

    private static (ProxyHeader Header, string Body) Receive(Socket socket)
    {
        List<byte> bytes = [];
        byte[] buffer = new byte[4096];
        socket.ReceiveTimeout = 10_000;
        for (int count; (count = socket.Receive(buffer)) > 0;)
        {
            bytes.AddRange(buffer.AsSpan(0, count));
        }

        byte[] all = [.. bytes];
        Assert.That(
            ProxyHeaderReader.TryRead(all, out ProxyHeader? header, out int length), Is.EqualTo(ProxyReadStatus.Done));
        return (header!, Encoding.UTF8.GetString(all, length, all.Length - length));
    }

    private static void AssertHears(Socket from, Socket to)
    {
        from.Send("hello"u8);
        byte[] buffer = new byte[5];
        to.ReceiveTimeout = 10_000;
        Assert.That(to.Receive(buffer), Is.EqualTo(5));
        Assert.That(buffer, Is.EqualTo("hello"u8.ToArray()));
    }
}
