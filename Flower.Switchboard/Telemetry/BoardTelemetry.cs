// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Hosting;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.Watching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Flower.Switchboard.Telemetry;

/// <summary>
/// Metrics and traces of a switchboard, as far as its options ask for them: served for Prometheus at <c>/metrics</c>, and sent by
/// OTLP. Nothing of it exists otherwise. For any thread.
/// </summary>
internal sealed class BoardTelemetry : IAsyncDisposable
{
    // Another switchboard may still be there, whose place this one takes.
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // Whoever asks once a minute opens a connection each time; others of this machine can take all of them, and no more.
    private const int MaxConnections = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly EventLoop _loop;
    private readonly ILogger _logger;
    private readonly MeterProvider _metrics;
    private readonly TracerProvider? _traces;
    private readonly ILoggerFactory _logs;
    private BoardMeter? _meter;
    private SocketFile? _file;
    private WebApplication? _web;
    private bool _isSaid;
    private Task _serving = Task.CompletedTask;

    private BoardTelemetry(EventLoop loop, SwitchboardOptions options, ILoggerFactory logs, ILogger logger)
    {
        _loop = loop;
        _logs = logs;
        _logger = logger;
        ResourceBuilder resource = ResourceBuilder.CreateDefault()
            .AddService("flower-switchboard", serviceVersion: BoardIdentity.Version);
        MeterProviderBuilder metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(BoardMeter.Name);
        if (options.Metrics is not null)
        {
            metrics.AddPrometheusExporter();
        }

        if (options.Otlp is Uri otlp)
        {
            metrics.AddOtlpExporter(exporter => exporter.Endpoint = otlp);
            _traces = Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(resource)
                .AddSource(ConnectTrace.Source.Name)
                .AddOtlpExporter(exporter => exporter.Endpoint = otlp)
                .Build();
        }

        _metrics = metrics.Build();
    }

    /// <summary>
    /// Begins; null: nobody asked for it, or it cannot be. Never fails: the board is there already, and may be all there is of
    /// one that it has replaced.
    /// </summary>
    public static async Task<BoardTelemetry?> StartAsync(
        SwitchboardOptions options, EventLoop loop, Board board, ILoggerFactory logs, ILogger logger)
    {
        if (options.Metrics is null && options.Otlp is null)
        {
            return null;
        }

        BoardTelemetry? telemetry = null;
        try
        {
            telemetry = new BoardTelemetry(loop, options, logs, logger);
            await loop.Invoke(() => telemetry._meter = new BoardMeter(loop, board));
            if (options.Metrics is MetricsAddress address)
            {
                telemetry._serving =
                    await telemetry.TryServeAsync(address) ? Task.CompletedTask : telemetry.ServeSoonAsync(address);
            }

            return telemetry;
        }
        catch (Exception e)
        {
            HostingLog.GoesOnWithout(logger, "metrics and traces", e.Message);
            await (telemetry?.DisposeAsync() ?? ValueTask.CompletedTask);
            return null;
        }
    }

    /// <summary>Serves no more, and sends what is left. For any other thread than the loop's, which must go on meanwhile.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        if (_web is not null)
        {
            await _web.StopAsync(CancellationToken.None);
            await _web.DisposeAsync();
        }

        _file?.Dispose();
        // First what is exported last.
        _metrics.Dispose();
        _traces?.Dispose();
        await _loop.Invoke(() => _meter?.Dispose());
        _stop.Dispose();
    }

    // Never faults.
    private async Task ServeSoonAsync(MetricsAddress address)
    {
        do
        {
            await Task.Delay(Retry, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!_stop.IsCancellationRequested && !await TryServeAsync(address));
    }

    private async Task<bool> TryServeAsync(MetricsAddress address)
    {
        SocketFile? file = null;
        WebApplication? web = null;
        try
        {
            file = address.Path is null ? null : SocketFile.Claim(address.Path, OwnerOnly, UnixSocket.ListenStream);
            web = Build(address, file);
            await web.StartAsync(_stop.Token);
            (_file, _web) = (file, web);
            HostingLog.ServesMetrics(_logger, address);
            return true;
        }
        catch (Exception e)
        {
            // Kestrel says what the kernel says in several ways: IOException, SocketException …
            await (web?.DisposeAsync() ?? ValueTask.CompletedTask);
            file?.Dispose();
            if (!_isSaid && !_stop.IsCancellationRequested)
            {
                HostingLog.GoesOnWithout(_logger, $"metrics at {address}, for now", e.Message);
                _isSaid = true;
            }

            return false;
        }
    }

    private WebApplication Build(MetricsAddress address, SocketFile? file)
    {
        WebApplicationBuilder builder = KestrelHost.Begin(_logs, kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.KeepAliveTimeout = Patience;
            kestrel.Limits.RequestHeadersTimeout = Patience;
            if (file is not null)
            {
                kestrel.ListenHandle((ulong)file.Socket.DangerousGetHandle());
            }
            else
            {
                kestrel.Listen(address.Endpoint!);
            }
        });
        WebApplication web = builder.Build();
        web.Use(RefuseOthers);
        web.UseOpenTelemetryPrometheusScrapingEndpoint(
            _metrics, predicate: null, path: null, configureBranchedPipeline: null, optionsName: null);
        return web;
    }

    // A page of another site can reach a loopback address by a name of its own (DNS rebinding): whoever asks by an address, or
    // by the one name that is nobody else's, does not come from there.
    private static async Task RefuseOthers(HttpContext context, RequestDelegate next)
    {
        string host = context.Request.Host.Host.Trim('[', ']');
        if (string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address)))
        {
            await next(context);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
        await context.Response.WriteAsync("the Host is no loopback address, and not localhost\n");
    }
}
