// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>An unchanged nginx, put on the board by an egress and published by an ingress, which relays.</summary>
public sealed class NginxTests : EndToEndTest
{
    private const int CurlNoTls = 35;
    private const int CurlNoReply = 52;
    private const int CurlReset = 56;

    private NginxFixture _nginx = null!;

    [SetUp]
    public async Task StartNginx() => _nginx = await NginxFixture.StartAsync();

    [TearDown]
    public async Task StopNginx() => await _nginx.DisposeAsync();

    [Test]
    public async Task Curl_ThroughIngressAndEgress_NginxLogsTheRealClient()
    {
        await EgressAsync($"127.0.0.1:{_nginx.Port}", "service=www");
        (FlowerProcess ingress, IPEndPoint address) = await IngressAsync("service=www");

        (string body, string client) = await FetchAsync($"http://{address}/real");

        Assert.That(body, Is.EqualTo("this is a.example"));
        Assert.That(await _nginx.AwaitLogAsync("/real"), Is.EqualTo($"{client} a.example /real 200"));

        // The first relay opens what the next ones share.
        IReadOnlyList<string> before = ingress.OpenDescriptors;
        await FetchAsync($"http://{address}/[1-20]", "-H", "Connection: close");
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(ingress.OpenDescriptors.Count <= before.Count)), Is.True,
            "the ingress holds descriptors of connections that have ended");
    }

    [Test]
    public async Task Curl_TwoNamesOverHttps_ReachTheirServersOnOnePort()
    {
        // This nginx takes only a short PROXY header before TLS: one without labels.
        string[] plain = ["--send-proxy-labels", "none", "service=www"];
        await EgressAsync(_nginx.Socket("a-tls"), [.. plain, "tls_server_name=a.example"]);
        await EgressAsync(_nginx.Socket("b-tls"), [.. plain, "tls_server_name=b.example"]);
        (_, IPEndPoint address) = await IngressAsync("--peek", "tls", "service=www");
        foreach (string name in new[] { "a.example", "b.example" })
        {
            // The certificate is checked: it is that of the name, from nginx itself.
            (string body, string client) = await FetchAsync(
                $"https://{name}/secret", "--cacert", _nginx.AuthorityFile, "--connect-to", $"::{address}");

            Assert.That(body, Is.EqualTo($"this is {name}"));
            Assert.That(await _nginx.AwaitLogAsync(name), Is.EqualTo($"{client} {name} /secret 200"));
        }

        FlowerProcess other = Curl(
            "https://c.example/", "--cacert", _nginx.AuthorityFile, "--connect-to", $"::{address}");
        Assert.That(await other.ExitAsync(), Is.EqualTo(CurlNoTls), other.Error.ToString());
    }

    [Test]
    public async Task Curl_TwoNamesOverHttp_ReachTheirServersOnOnePort()
    {
        await EgressAsync(_nginx.Socket("a"), "service=www", "http_host=a.example");
        await EgressAsync(_nginx.Socket("b"), "service=www", "http_host=b.example");
        (_, IPEndPoint address) = await IngressAsync("--peek", "http", "service=www");
        foreach (string name in new[] { "a.example", "b.example" })
        {
            (string body, string client) = await FetchAsync($"http://{address}/plain", "-H", $"Host: {name}:8080");

            Assert.That(body, Is.EqualTo($"this is {name}"));
            Assert.That(await _nginx.AwaitLogAsync(name), Is.EqualTo($"{client} {name} /plain 200"));
        }

        FlowerProcess other = Curl($"http://{address}/", "-H", "Host: c.example");
        Assert.That(await other.ExitAsync(), Is.AnyOf(CurlNoReply, CurlReset), other.Error.ToString());
    }

    private async Task EgressAsync(string to, params string[] more) =>
        await Board.FlowerReadyAsync(["egress", "connect", "--to", to, "--send-proxy", .. more]);

    private async Task<(FlowerProcess Ingress, IPEndPoint Address)> IngressAsync(params string[] more)
    {
        FlowerProcess ingress = await Board.FlowerReadyAsync(["ingress", "accept", "127.0.0.1:0", .. more]);
        string line = await ingress.Error.AwaitLineAsync("listening on ");
        return (ingress, IPEndPoint.Parse(line[(line.LastIndexOf(' ') + 1)..]));
    }

    private FlowerProcess Curl(string url, params string[] more) => Board.Program(
        Programs.Require("curl"),
        ["--silent", "--show-error", "--noproxy", "*", "--max-time", "20", .. more, url]);

    private async Task<(string Body, string Client)> FetchAsync(string url, params string[] more)
    {
        FlowerProcess curl = Curl(url, ["-w", "%{local_ip} %{local_port}\n", .. more]);
        Assert.That(await curl.ExitAsync(), Is.Zero, curl.Error.ToString());
        return (curl.Out.Lines[0], curl.Out.Lines[1]);
    }
}
