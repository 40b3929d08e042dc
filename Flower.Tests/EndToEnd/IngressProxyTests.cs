// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>--proxy-protocol</c>: whose connection it is, as a trusted proxy says.</summary>
public sealed class IngressProxyTests : IngressTest
{
    private const string Version1 = "PROXY TCP4 203.0.113.7 192.0.2.1 5000 443\r\n";

    // The signature, version 2 PROXY, TCP over IPv6, 36 bytes: 2001:db8::7 to 2001:db8::1, 5000 to 443.
    private static readonly byte[] Version2 = Convert.FromHexString(
        "0D0A0D0A000D0A515549540A" + "21" + "21" + "0024"
        + "20010DB8000000000000000000000007" + "20010DB8000000000000000000000001" + "1388" + "01BB");

    // The same for LOCAL: the proxy looks whether the server lives.
    private static readonly byte[] Local = Convert.FromHexString("0D0A0D0A000D0A515549540A" + "20" + "00" + "0000");

    [Test]
    public async Task Proxy_Version1_SetsTheAddressesAndIsConsumedExactly()
    {
        LabelServer.Visit visit = await VisitAsync([Latin1(Version1 + Get)]);

        AssertAddresses(visit, "inet 203.0.113.7 5000 192.0.2.1 443");
    }

    [Test]
    public async Task Proxy_Version2_SetsTheAddressesAndIsConsumedExactly()
    {
        LabelServer.Visit visit = await VisitAsync([[.. Version2, .. Latin1(Get)]]);

        AssertAddresses(visit, "inet6 2001:db8::7 5000 2001:db8::1 443");
    }

    [Test]
    public async Task Proxy_HeaderInPieces_IsPutTogether()
    {
        LabelServer.Visit one = await VisitAsync(Bytewise(Latin1(Version1 + Get)));
        LabelServer.Visit two = await VisitAsync(Bytewise([.. Version2, .. Latin1(Get)]));

        AssertAddresses(one, "inet 203.0.113.7 5000 192.0.2.1 443");
        AssertAddresses(two, "inet6 2001:db8::7 5000 2001:db8::1 443");
    }

    [Test]
    public async Task Proxy_Local_KeepsTheAddressesOfTheSocket()
    {
        LabelServer.Visit visit = await VisitAsync([Local, Latin1(Get)]);

        Assert.That(visit.Labels["client_address"], Is.EqualTo("127.0.0.1"));
        Assert.That(visit.Received, Is.EqualTo(Get));
    }

    [Test]
    public async Task Proxy_ThenPeek_LooksBehindTheHeader()
    {
        LabelServer.Visit visit = await VisitAsync(
            [Latin1(Version1), Latin1(Get)], "--peek", "http", "--require-peek");

        AssertAddresses(visit, "inet 203.0.113.7 5000 192.0.2.1 443");
        Assert.That(visit.Labels["http_host"], Is.EqualTo("a.example"));
    }

    [Test]
    public async Task Proxy_UnixPeer_IsTrustedWhenSaid()
    {
        string path = Path.Combine(Board.Folder, "in");
        await using LabelServer server = await ServeAsync();
        await Board.FlowerReadyAsync("ingress", "accept", "unix:" + path, "service=www", "--proxy-protocol", "unix");

        AssertServedBy("www", await AskAsync(
            new System.Net.Sockets.UnixDomainSocketEndPoint(path), [Latin1(Version1 + Get)]));

        AssertAddresses(server.Visits.Single(), "inet 203.0.113.7 5000 192.0.2.1 443");
        Assert.That(server.Visits.Single().Labels["client_uid"], Is.Null, "the proxy's, not the client's");
    }

    [Test]
    public async Task Proxy_UntrustedPeer_IsRefusedAndLogged()
    {
        await using LabelServer server = await ServeAsync();
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--proxy-protocol", "10.0.0.0/8");

        Assert.That(await AskAsync(address, Version1 + Get), Is.Empty);

        await ingress.Error.AwaitLineAsync("refused 127.0.0.1:", "no proxy that --proxy-protocol trusts");
        Assert.That(server.Visits, Is.Empty);
    }

    [TestCase("PROXY TCP4 203.0.113.7 192.0.2.1 5000\r\n")]
    [TestCase("PROXY TCP4 203.0.113.7 192.0.2.1 5000 99999\r\n")]
    [TestCase("PROXY TCP4 2001:db8::1 192.0.2.1 5000 443\r\n")]
    [TestCase("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")]
    [TestCase("PROXY TCP4 203.0.113.7 192.0.2.1 5000 443 and so on, without an end, far beyond what a header may be: "
        + "one hundred and seven bytes\r\n")]
    [TestCase("\r\n\r\n\0\r\nQUIT\n\u00ff\u0011\0\u000c")]
    public async Task Proxy_MalformedHeader_IsRefusedAndLogged(string header)
    {
        await using LabelServer server = await ServeAsync();
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync("--proxy-protocol", "127.0.0.0/8");

        Assert.That(await AskAsync(address, header + Get), Is.Empty);

        await ingress.Error.AwaitLineAsync("refused 127.0.0.1:", "PROXY header");
        Assert.That(server.Visits, Is.Empty);
        AssertServedBy("www", await AskAsync(address, Version1 + Get));
    }

    [Test]
    public async Task Proxy_HeaderTooSlow_IsRefusedAndLogged()
    {
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync(
            "--proxy-protocol", "127.0.0.0/8", "--peek-timeout", "100ms");

        Assert.That(await AskAsync(address, Version1[..^2]), Is.Empty);

        await ingress.Error.AwaitLineAsync("refused 127.0.0.1:", "no PROXY header: it was too slow");
    }

    private async Task<LabelServer.Visit> VisitAsync(IEnumerable<byte[]> pieces, params string[] options)
    {
        await using LabelServer server = await ServeAsync();
        (FlowerProcess ingress, IPEndPoint address) = await StartAsync(
            ["--proxy-protocol", "10.0.0.0/8", "--proxy-protocol", "127.0.0.1", .. options]);
        AssertServedBy("www", await AskAsync(address, pieces));
        await ingress.DisposeAsync();
        return server.Visits.Single();
    }

    private static void AssertAddresses(LabelServer.Visit visit, string expected)
    {
        string[] keys = ["address_family", "client_address", "client_port", "server_address", "server_port"];
        Assert.That(string.Join(' ', keys.Select(key => visit.Labels[key])), Is.EqualTo(expected));
        Assert.That(visit.Received, Is.EqualTo(Get));
    }
}
