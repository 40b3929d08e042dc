// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// Labels from the first bytes, which the server still receives; and clients that send bad ones, or none.
/// </summary>
public sealed class IngressPeekTests : IngressTest
{
    private const int Idle = 1000;
    private const long MaxGrowth = 64L * 1024 * 1024;

    [Test]
    public async Task Peek_HttpHost_RoutesOnePortToTwoServers()
    {
        await using LabelServer a = await ServeAsync("A", ("http_host", "a.example"));
        await using LabelServer b = await ServeAsync("B", ("http_host", "b.example"));
        (_, IPEndPoint address) = await StartAsync("--peek", "http");

        AssertServedBy("A", await AskAsync(address, "GET / HTTP/1.1\r\nHost: A.Example:8080\r\n\r\n"));
        AssertServedBy("B", await AskAsync(address, "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n"));
        Assert.That(await AskAsync(address, "GET / HTTP/1.1\r\nHost: c.example\r\n\r\n"), Is.Empty);

        Assert.That(a.Visits.Single().Received, Is.EqualTo("GET / HTTP/1.1\r\nHost: A.Example:8080\r\n\r\n"));
    }

    [Test]
    public async Task Peek_TlsServerName_RoutesOnePortToTwoServers()
    {
        await using LabelServer a = await ServeAsync("A", ("tls_server_name", "a.example"));
        await using LabelServer b = await ServeAsync("B", ("tls_server_name", "b.example"));
        (_, IPEndPoint address) = await StartAsync("--peek", "tls", "--peek", "http");
        byte[] hello = await ClientHelloAsync("a.example");

        await SendAndEndAsync(address, [hello]);
        await SendAndEndAsync(address, [await ClientHelloAsync("b.example")]);

        LabelServer.Visit visit = await a.FirstAsync();
        Assert.That(Latin1(visit.Received), Is.EqualTo(hello), "not one byte was consumed");
        Assert.That(visit.Labels["tls_alpn"], Is.Not.Null);
        Assert.That((await b.FirstAsync()).Labels["tls_server_name"], Is.EqualTo("b.example"));
    }

    [Test]
    public async Task Peek_OneByteAtATime_FindsTheLabels()
    {
        await using LabelServer server = await ServeAsync();
        (_, IPEndPoint address) = await StartAsync(
            "--peek", "tls", "--peek", "http", "--require-peek", "--peek-timeout", "20s");
        byte[] hello = await ClientHelloAsync("slow.example");

        AssertServedBy("www", await AskAsync(address, Bytewise(Latin1(Get))));
        AssertServedBy("www", await SendAndEndAsync(address, Bytewise(hello)));
        AssertServedBy("www", await SendAndEndAsync(address, hello.Chunk(100)));

        Assert.That(server.Visits.First().Labels["http_host"], Is.EqualTo("a.example"));
        Assert.That(
            server.Visits.Skip(1).Select(visit => visit.Labels["tls_server_name"]), Is.All.EqualTo("slow.example"));
        Assert.That(server.Visits.Skip(1).Select(visit => Latin1(visit.Received)), Is.All.EqualTo(hello));
    }

    private static IEnumerable<TestCaseData> BadBytes()
    {
        var random = new Random(3);
        for (int i = 0; i < 5; i++)
        {
            byte[] bytes = new byte[4000];
            random.NextBytes(bytes);
            yield return new TestCaseData(bytes).SetArgDisplayNames($"Random{i}");
            byte[] record = [0x16, 3, 1, .. bytes];
            yield return new TestCaseData(record).SetArgDisplayNames($"RandomRecord{i}");
        }

        yield return Case("Oversized", "GET / HTTP/1.1\r\nX: " + new string('x', 40_000));
        yield return Case("ControlInHost", "GET / HTTP/1.1\r\nHost: a\u0001b.example\r\n\r\n");
        yield return Case("NulInHost", "GET / HTTP/1.1\r\nHost: a\0b.example\r\n\r\n");
        yield return Case("TwoHosts", "GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n");
        yield return Case("Http2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    }

    [TestCaseSource(nameof(BadBytes))]
    public async Task Peek_BadBytes_GoOnWithoutALabelOrAreRefused(byte[] bytes)
    {
        await using LabelServer server = await ServeAsync();
        (_, IPEndPoint lax) = await StartAsync("--peek", "http", "--peek", "tls");
        (FlowerProcess ingress, IPEndPoint strict) = await StartAsync(
            "--peek", "http", "--peek", "tls", "--require-peek");

        await SendAndEndAsync(lax, [bytes]);
        Assert.That(await SendAndEndAsync(strict, [bytes]), Is.Empty);

        LabelServer.Visit visit = await server.FirstAsync();
        Assert.That(visit.Labels.Select(label => label.Key), Has.None.StartsWith("http_").And.None.StartsWith("tls_"));
        Assert.That(visit.Received, Is.EqualTo(Encoding.Latin1.GetString(bytes)));
        await ingress.Error.AwaitLineAsync("refused 127.0.0.1:", "a label is required");
        Assert.That(server.Visits, Has.Count.EqualTo(1));
        AssertServedBy("www", await AskAsync(strict));
    }

    [Test]
    public async Task Peek_TooSlow_GoesOnWithoutALabelOrIsRefused()
    {
        await using LabelServer server = await ServeAsync();
        (_, IPEndPoint lax) = await StartAsync("--peek", "http", "--peek-timeout", "100ms");
        (FlowerProcess ingress, IPEndPoint strict) = await StartAsync(
            "--peek", "http", "--peek-timeout", "100ms", "--require-peek");
        using Socket slow = await ConnectAsync(lax);
        using Socket refused = await ConnectAsync(strict);
        await slow.SendAsync("GET / HTTP/1.1\r\nHo"u8.ToArray()).Within();

        Assert.That(await ReadAsync(refused), Is.Empty);
        await ingress.Error.AwaitLineAsync("refused 127.0.0.1:", "too slow");
        await slow.SendAsync("st: a.example\r\n\r\n"u8.ToArray()).Within();

        AssertServedBy("www", await ReadAsync(slow));
        Assert.That(server.Visits.Single().Received, Is.EqualTo(Get));
    }

    [Test]
    public async Task Peek_ThousandIdleConnections_OthersAreServedAndMemoryIsBounded()
    {
        await using LabelServer server = await ServeAsync();
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync(
            "--peek", "http", "--peek", "tls", "--require-peek", "--peek-timeout", "60s");
        AssertServedBy("www", await AskAsync(address));
        long memory = ingress.MemoryBytes;
        Socket[] idle = await ConnectManyAsync(address, Idle);
        await AwaitHeldAsync(ingress, address, Idle);

        for (int i = 0; i < 50; i++)
        {
            AssertServedBy("www", await AskAsync(address));
        }

        Assert.That(ingress.MemoryBytes - memory, Is.LessThan(MaxGrowth));
        Array.ForEach(idle, socket => socket.Dispose());
        await AwaitHeldAsync(ingress, address, 0);
    }

    [Test]
    public async Task Peek_MoreIdleThanMayBe_TheOldestMakeRoom()
    {
        await using LabelServer server = await ServeAsync();
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync(
            "--peek", "http", "--require-peek", "--peek-timeout", "60s", "--max-peeking", "50");
        Socket[] idle = await ConnectManyAsync(address, 200);

        AssertServedBy("www", await AskAsync(address));

        Assert.That(await ReadAsync(idle[0]), Is.Empty);
        await ingress.Error.AwaitLineAsync($"refused {idle[0].LocalEndPoint}:", "the slowest of too many");
        await idle[^1].SendAsync(Latin1(Get)).Within();
        AssertServedBy("www", await ReadAsync(idle[^1]));
        Array.ForEach(idle, socket => socket.Dispose());
    }

    private static async Task<Socket[]> ConnectManyAsync(IPEndPoint address, int count)
    {
        var sockets = new Socket[count];
        for (int i = 0; i < count; i++)
        {
            sockets[i] = await ConnectAsync(address);
        }

        return sockets;
    }

    // A server that waits for an HTTP head reads to the end instead.
    private static async Task<string> SendAndEndAsync(EndPoint address, IEnumerable<byte[]> pieces)
    {
        using Socket socket = await ConnectAsync(address);
        try
        {
            foreach (byte[] piece in pieces)
            {
                await socket.SendAsync(piece).Within();
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            return "";
        }

        return await ReadAsync(socket);
    }

    private static async Task<byte[]> ClientHelloAsync(string host)
    {
        using var wire = new MemoryStream();
        await using var tls = new SslStream(new OneWay(wire));
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = host,
                ApplicationProtocols = [SslApplicationProtocol.Http11],
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            });
        }
        catch (IOException)
        {
            // Nobody answers: only the first flight is wanted.
        }

        return wire.ToArray();
    }

    private static TestCaseData Case(string name, string text) =>
        new TestCaseData(Latin1(text)).SetArgDisplayNames(name);

    /// <summary>Takes what is written; there is nothing to read.</summary>
    private sealed class OneWay(MemoryStream written) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override void Write(byte[] buffer, int offset, int count) => written.Write(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
