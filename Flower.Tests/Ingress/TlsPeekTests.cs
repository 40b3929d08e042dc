// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Flower.Ingress.Peek;
using Flower.Tests.EndToEnd;
using NUnit.Framework;

namespace Flower.Tests.Ingress;

/// <summary>What a ClientHello tells.</summary>
internal sealed class TlsPeekTests
{
    [TestCase(SslProtocols.Tls12)]
    [TestCase(SslProtocols.Tls13)]
    public async Task Read_RealClient_NameAndFirstProtocol(SslProtocols version)
    {
        byte[] hello = await CaptureAsync(new()
        {
            TargetHost = "WWW.Example.org",
            EnabledSslProtocols = version,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        });

        PeekResult result = TlsPeek.Read(hello);

        Assert.That(result.Status, Is.EqualTo(PeekStatus.Done));
        Assert.That(result.Labels.ToString(), Is.EqualTo("tls_alpn=h2 tls_server_name=www.example.org"));
        for (int length = 0; length < hello.Length; length++)
        {
            Assert.That(TlsPeek.Read(hello.AsSpan(0, length)).Status, Is.EqualTo(PeekStatus.More), $"{length} bytes");
        }
    }

    [Test]
    public async Task Read_RealClientWithoutName_DoneWithoutLabels()
    {
        PeekResult result = TlsPeek.Read(await CaptureAsync(new() { TargetHost = "" }));

        Assert.That(result.Status, Is.EqualTo(PeekStatus.Done));
        Assert.That(result.Labels.IsEmpty, Is.True);
    }

    [Test]
    public void Read_NoExtensionsAtAll_DoneWithoutLabels() =>
        Assert.That(Status(new Hello { Extensions = null }), Is.EqualTo(PeekStatus.Done));

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(40)]
    public void Read_FragmentedRecords_SameAsWhole(int size)
    {
        Hello hello = With(Hello.ServerName("a.example"), Hello.Alpn("h2"));
        byte[] records = hello.Records([.. Enumerable.Repeat(size, hello.Message().Length / size)]);

        Assert.That(TlsPeek.Read(records).Labels.ToString(), Is.EqualTo("tls_alpn=h2 tls_server_name=a.example"));
        Assert.That(TlsPeek.Read([.. records, 0xFF]).Status, Is.EqualTo(PeekStatus.Done), "more does not matter");
    }

    [TestCase("example.org.", "example.org")]
    [TestCase("xn--bcher-kva.example", "xn--bcher-kva.example")]
    [TestCase("under_score.example", "under_score.example")]
    public void Read_ServerName_InItsOneSpelling(string name, string label) =>
        Assert.That(TlsPeek.Read(With(Hello.ServerName(name)).Records()).Labels["tls_server_name"], Is.EqualTo(label));

    [TestCase("")]
    [TestCase(".")]
    [TestCase("a..b")]
    [TestCase(".a")]
    [TestCase("a b")]
    [TestCase("a\0b")]
    [TestCase("a\nb")]
    [TestCase("bücher.example")]
    [TestCase("a:443")]
    [TestCase("a/b")]
    [TestCase("*.example")]
    public void Read_ServerNameThatIsNone_Malformed(string name) =>
        Assert.That(Status(With(Hello.ServerName(name))), Is.EqualTo(PeekStatus.Malformed));

    [TestCase(253, PeekStatus.Done)]
    [TestCase(254, PeekStatus.Malformed)]
    public void Read_LongServerName_AtMost253(int length, PeekStatus status)
    {
        string name = string.Join('.', Enumerable.Repeat(new string('a', 63), 4))[..(length - 2)] + ".b";
        Assert.That(Status(With(Hello.ServerName(name))), Is.EqualTo(status));
        Assert.That(Status(With(Hello.ServerName(new string('a', 64)))), Is.EqualTo(PeekStatus.Malformed));
    }

    [Test]
    public void Read_Alpn_FirstThatIsPrintableAndNoGrease()
    {
        string? Found(params string[] protocols) =>
            TlsPeek.Read(With(Hello.Alpn(protocols)).Records()).Labels["tls_alpn"];
        Assert.That(Found("\u003a\u003a", "ZZ", "a b", "\n\n", "http/1.1", "h2"), Is.EqualTo("http/1.1"));
        Assert.That(Found("\u001a\u001a"), Is.Null);
    }

    [Test]
    public void Read_ListsThatAreWrong_Malformed()
    {
        byte[] alpn = Hello.Alpn("h2");
        byte[] name = Hello.ServerName("a");
        foreach (Hello hello in (Hello[])
        [
            With(name, name), With(alpn, alpn), With(Hello.ServerName("a", "b")), With(Hello.ServerName()),
            With(Hello.Alpn()), With(Hello.Alpn("")), With(Hello.Extension(0, [])),
            With(Hello.Extension(16, [0, 9, 1])),
            With(Hello.Extension(0, [0, 4, 0, 0, 1, (byte)'a', 7])), With([0, 0, 0, 9]), With([0]),
            With() with { SessionId = new byte[33] },
        ])
        {
            Assert.That(Status(hello), Is.EqualTo(PeekStatus.Malformed), Convert.ToHexString(hello.Message()));
        }
    }

    [TestCase("GET / HTTP/1.1\r\n")]
    [TestCase("G")]
    [TestCase("\u0016G")]
    [TestCase("\u0016\u0003\u0001\u0000\u0000")]
    [TestCase("\u0016\u0003\u0001\u0000\u0001\u0002")]
    [TestCase("\u0016\u0003\u0001\u0040\u0001")]
    [TestCase("\u0016\u0003\u0001\u0000\u0004\u0001\u0001\u0000\u0000")]
    [TestCase("\u0015\u0003\u0001\u0000\u0002\u0001\u0000")]
    public void Read_CertainlyNoHello_MalformedAtOnce(string bytes) => Assert.That(
        TlsPeek.Read(System.Text.Encoding.Latin1.GetBytes(bytes)).Status, Is.EqualTo(PeekStatus.Malformed));

    [Test]
    public void Read_NoEndWithinTheLimit_Malformed()
    {
        // As long as a message may be, in records that make it longer than what is looked at.
        byte[] endless = With(Hello.Extension(21, new byte[15_000])).Records([.. Enumerable.Repeat(8, 1500)]);
        Assert.That(endless, Has.Length.GreaterThan(TlsPeek.MaxBytes));
        Assert.That(TlsPeek.Read(endless.AsSpan(0, TlsPeek.MaxBytes - 1)).Status, Is.EqualTo(PeekStatus.More));
        Assert.That(TlsPeek.Read(endless.AsSpan(0, TlsPeek.MaxBytes)).Status, Is.EqualTo(PeekStatus.Malformed));
        Assert.That(TlsPeek.Read(endless).Status, Is.EqualTo(PeekStatus.Malformed));
    }

    private static Hello With(params byte[][] extensions) => new() { Extensions = extensions };

    private static PeekStatus Status(Hello hello) => TlsPeek.Read(hello.Records()).Status;

    // What .NET's (OpenSSL's) client really sends first.
    [SuppressMessage("Security", "CA5398", Justification = "both versions are tried")]
    private static async Task<byte[]> CaptureAsync(SslClientAuthenticationOptions options)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint).Within();
        using Socket server = await listener.AcceptSocketAsync().Within();
        await using var tls = new SslStream(client.GetStream());
        Task handshake = tls.AuthenticateAsClientAsync(options);
        List<byte> bytes = [];
        byte[] buffer = new byte[4096];
        while (TlsPeek.Read(bytes.ToArray()).Status == PeekStatus.More)
        {
            int count = await server.ReceiveAsync(buffer).Within();
            Assert.That(count, Is.Positive);
            bytes.AddRange(buffer.AsSpan(0, count));
        }

        server.Close();
        Assert.That(async () => await handshake.Within(), Throws.InstanceOf<Exception>());
        return [.. bytes];
    }
}
