// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flower.Client;
using Flower.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Metrics and traces of a real switchboard.</summary>
internal sealed class TelemetryTests
{
    private static readonly LabelSet Labels = LabelSet.Create(("program", "measured"));

    private SwitchboardFixture _board = null!;

    [SetUp]
    public void Prepare() => _board = new();

    [TearDown]
    public async Task StopBoard()
    {
        try
        {
            await _board.StopAsync();
        }
        finally
        {
            await _board.DisposeAsync();
        }
    }

    [Test]
    public async Task Metrics_OnAPort_TellWhatHappened()
    {
        int port = LoopbackPort.Free();
        await _board.StartAsync("--metrics", $"127.0.0.1:{port}");
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}") };

        await AssertCountsAsync(http);
    }

    [Test]
    public async Task Metrics_OnAUnixSocket_AreTheOwnersAlone()
    {
        string path = Path.Combine(_board.Folder, "metrics");
        await _board.StartAsync("--metrics", $"unix:{path}");
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), token);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        {
            BaseAddress = new("http://localhost"),
        };

        await AssertCountsAsync(http);

        Assert.That(File.GetUnixFileMode(path), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        await _board.EndDaemonAsync();
        Assert.That(File.Exists(path), Is.False, "left behind");
    }

    [Test]
    public async Task Metrics_AfterAReplacement_AreServedByTheNewOne()
    {
        int port = LoopbackPort.Free();
        await _board.StartAsync("--metrics", $"127.0.0.1:{port}");
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}") };
        await AwaitAsync(http, "flower_sessions", 0);

        await _board.ReplaceAsync("--metrics", $"127.0.0.1:{port}");

        await AwaitAsync(http, "flower_sessions", 0);
    }

    [TestCase("0.0.0.0:9464", "on a loopback address or a Unix socket only")]
    [TestCase("127.0.0.1", "is no place for metrics")]
    [TestCase("unix:", "is no place for metrics")]
    public async Task Metrics_WrongPlace_IsRefused(string address, string message)
    {
        FlowerProcess refused = _board.Flower("switchboard", "--metrics", address);

        Assert.That(await refused.ExitAsync(), Is.EqualTo(64));
        Assert.That(refused.Error.ToString(), Does.Contain(message));
    }

    [Test]
    public async Task Metrics_ConnectsThatAreGivenUp_AreCounted()
    {
        int port = LoopbackPort.Free();
        await _board.StartAsync("--metrics", $"127.0.0.1:{port}");
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}") };
        await using Handle handle = await _board.OpenAsync();
        await Assert.ThrowsAsync<FlowerException>(() => handle.ConnectAsync(
            Labels, new() { Wait = true, Timeout = TimeSpan.FromMilliseconds(50) }));
        using var gone = new CancellationTokenSource();
        Task<Connection> connecting = handle.ConnectAsync(Labels, new() { Wait = true }, gone.Token);
        await AwaitAsync(http, "flower_requests_waiting", 1);
        await gone.CancelAsync();
        await Assert.ThrowsAsync(Is.InstanceOf<OperationCanceledException>(), () => connecting);

        await AwaitAsync(http, "flower_connects_total{*result=\"DEADLINE_EXCEEDED\"*}", 1);
        await AwaitAsync(http, "flower_connects_total{*result=\"CANCELLED\"*}", 1);
        await AwaitAsync(http, "flower_connect_duration_seconds_count{*result=\"CANCELLED\"*}", 1);
    }

    [Test]
    public async Task Otlp_Collector_HearsOfAConnect()
    {
        await using Collector collector = await Collector.StartAsync();
        await _board.StartAsync("--otlp", $"http://127.0.0.1:{collector.Port}");
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        using System.Diagnostics.Activity activity =
            new System.Diagnostics.Activity("test").SetParentId($"00-{Trace}-b7ad6b7169203331-01").Start();
        await ConnectAsync();
        activity.Stop();

        await _board.EndDaemonAsync();

        Assert.That(collector.Has("TraceService/Export", Encoding.UTF8.GetBytes("flower.connect")), Is.True, "the span");
        Assert.That(collector.Has("TraceService/Export", Convert.FromHexString(Trace)), Is.True, "in the client's trace");
        Assert.That(collector.Has("MetricsService/Export", Encoding.UTF8.GetBytes("flower.connect.duration")), Is.True);
    }

    private async Task AssertCountsAsync(HttpClient http)
    {
        await ConnectAsync();
        await using Handle handle = await _board.OpenAsync();
        await Assert.ThrowsAsync<FlowerException>(() => handle.ConnectAsync(LabelSet.Create(("program", "none"))));
        await using Listener listener = await handle.ListenAsync(Labels);

        await AwaitAsync(http, "flower_connects_total{*result=\"OK\"*}", 1);
        await AwaitAsync(http, "flower_connects_total{*result=\"NOT_FOUND\"*}", 1);
        await AwaitAsync(http, "flower_connect_duration_seconds_count{*result=\"OK\"*}", 1);
        await AwaitAsync(http, "flower_connect_match_duration_seconds_count{*}", 1);
        await AwaitAsync(http, "flower_connect_match_duration_seconds_bucket{*le=\"30\"*}", 1);
        await AwaitAsync(http, "flower_sessions_queued_bytes", 0);
        await AwaitAsync(http, "flower_targets{*kind=\"server\"*}", 1);
        await AwaitAsync(http, "flower_sessions{*}", 1);
        string text = await http.GetStringAsync("/metrics");
        Assert.That(text, Does.Contain("# TYPE flower_loop_lag_seconds histogram"));
        Assert.That(text, Does.Not.Contain("measured"), "no label is told");
    }

    private async Task ConnectAsync()
    {
        await using Handle server = await _board.OpenAsync();
        await using Listener listener = await server.ListenAsync(Labels);
        await using Handle client = await _board.OpenAsync();
        Task<Connection> connecting = client.ConnectAsync(Labels);
        await foreach (IncomingConnection incoming in listener)
        {
            (await incoming.AcceptAsync()).Dispose();
            break;
        }

        (await connecting).Dispose();
    }

    // The gauges are of the last second.
    private static async Task AwaitAsync(HttpClient http, string series, double value)
    {
        string text = "";
        bool found = await Patience.UntilAsync(async () =>
        {
            try
            {
                text = await http.GetStringAsync("/metrics");
            }
            catch (HttpRequestException)
            {
                return false;
            }

            return text.Split('\n').Any(line => Matches(line, series, value));
        });
        Assert.That(found, Is.True, $"{series} {value} is not in\n{text}");
    }

    // "name{label="value",…} number time"; a * in the series stands for anything, and nothing behind its name for all labels.
    private static bool Matches(string line, string series, double value)
    {
        int end = line.IndexOf('}', StringComparison.Ordinal) + 1;
        if (line.StartsWith('#') || end == 0)
        {
            return false;
        }

        string[] parts = series.Contains('{', StringComparison.Ordinal) ? series.Split('*') : [series + "{"];
        int at = 0;
        foreach (string part in parts)
        {
            int found = line.IndexOf(part, at, StringComparison.Ordinal);
            if (found < 0 || found > end || (at == 0 && found != 0))
            {
                return false;
            }

            at = found + part.Length;
        }

        string number = line[end..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return double.Parse(number, CultureInfo.InvariantCulture) == value;
    }

    /// <summary>Takes what is sent by OTLP over gRPC, says that all is well, and keeps it as it came.</summary>
    private sealed class Collector : IAsyncDisposable
    {
        private readonly List<(string Path, byte[] Body)> _received = [];
        private readonly WebApplication _web;

        private Collector(WebApplication web)
        {
            _web = web;
            web.Run(TakeAsync);
        }

        public int Port => new Uri(_web.Urls.First()).Port;

        public static async Task<Collector> StartAsync()
        {
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
                kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
            var collector = new Collector(builder.Build());
            await collector._web.StartAsync();
            return collector;
        }

        public bool Has(string path, byte[] bytes)
        {
            lock (_received)
            {
                return _received.Exists(call =>
                    call.Path.EndsWith(path, StringComparison.Ordinal) && call.Body.AsSpan().IndexOf(bytes) >= 0);
            }
        }

        public ValueTask DisposeAsync() => _web.DisposeAsync();

        private async Task TakeAsync(HttpContext context)
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            lock (_received)
            {
                _received.Add((context.Request.Path, body.ToArray()));
            }

            context.Response.ContentType = "application/grpc";
            // One empty message.
            await context.Response.Body.WriteAsync(new byte[5]);
            context.Response.AppendTrailer("grpc-status", "0");
        }
    }
}
