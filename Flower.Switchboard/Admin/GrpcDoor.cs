// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Hosting;
using Grpc.Health.V1;
using Grpc.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Admin;

/// <summary>
/// The gRPC door: stock gRPC on Kestrel on a Unix stream socket, with health and reflection. Kestrel is started when the
/// first client knocks: most boards never meet one, and it is more than a third of a switchboard's memory and most of the time
/// that it takes to start. Borrows the listening socket, which must outlive it.
/// </summary>
/// <param name="listener">Where clients come in.</param>
/// <param name="admission">Who may come in.</param>
/// <param name="service">What they call.</param>
/// <param name="logs">Where Kestrel and gRPC log.</param>
/// <param name="logger">Where it is said that the door cannot be opened.</param>
internal sealed class GrpcDoor(
    Descriptor listener, GrpcAdmission admission, GrpcDoorService service, ILoggerFactory logs, ILogger logger)
    : IAsyncDisposable
{
    // Of the metadata of a call, which is kept as long as it lasts.
    private const int MaxHeadBytes = 8 * 1024;

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    // Of a connection without a call: its client makes another one when it needs it.
    private static readonly TimeSpan MaxIdle = TimeSpan.FromMinutes(5);

    private EventLoop? _loop;
    private EventLoop.Watch? _knock;
    private bool _isClosed;
    private Task<WebApplication?> _started = Task.FromResult<WebApplication?>(null);

    /// <summary>Waits for the first client. On the loop.</summary>
    public void OpenOn(EventLoop loop)
    {
        _loop = loop;
        _knock = loop.Add(listener, Readiness.Read, _ => OnKnock());
    }

    /// <summary>Waits for nobody any more, and ends the calls that go on. For any other thread than the loop's.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_loop is not null)
        {
            await _loop.Invoke(() =>
            {
                _isClosed = true;
                StopWaiting();
            });
        }

        if (await _started is not { } web)
        {
            return;
        }

        using (var patience = new CancellationTokenSource(StopLimit))
        {
            await web.StopAsync(patience.Token);
        }

        await web.DisposeAsync();
    }

    private void OnKnock()
    {
        StopWaiting();

        // The client stays in the backlog, and the board goes on meanwhile.
        _started = Task.Run(StartAsync);
    }

    private void StopWaiting()
    {
        _knock?.Dispose();
        _knock = null;
    }

    private async Task<WebApplication?> StartAsync()
    {
        try
        {
            WebApplication web = Build();
            try
            {
                await web.StartAsync();
                return web;
            }
            catch
            {
                await web.DisposeAsync();
                throw;
            }
        }
        catch (Exception e)
        {
            // Whoever has the handle door is served all the same.
            HostingLog.GoesOnWithout(logger, "the gRPC door, for now", e.Message);
            _loop!.Post(_ => _loop.After(Retry, WaitAgain), null);
            return null;
        }
    }

    // Who knocked is still in the backlog.
    private void WaitAgain()
    {
        if (!_isClosed)
        {
            OpenOn(_loop!);
        }
    }

    private WebApplication Build()
    {
        WebApplicationBuilder builder = KestrelHost.Begin(logs, kestrel =>
        {
            // A client may have more than a hundred calls open: Kestrel's default (100 streams) would hang them.
            kestrel.Limits.Http2.MaxStreamsPerConnection = PacketLimits.MaxCalls;
            kestrel.Limits.KeepAliveTimeout = MaxIdle;

            // What a client has sent and nobody has read yet is a few messages, which are no larger than a packet.
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeadBytes;
            kestrel.Limits.Http2.MaxRequestHeaderFieldSize = MaxHeadBytes;
            kestrel.Limits.Http2.InitialStreamWindowSize = PacketLimits.MaxPacketBytes;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 2 * PacketLimits.MaxPacketBytes;
            // Kestrel does not own a handle that it is given.
            kestrel.ListenHandle(
                (ulong)listener.DangerousGetHandle(),
                endpoint =>
                {
                    endpoint.Protocols = HttpProtocols.Http2;
                    endpoint.Use(next => connection => admission.OnConnectionAsync(connection, next));
                });
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(service);
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = PacketLimits.MaxPacketBytes);
        // What is described is named: AddGrpcReflection finds it by reflection, which the trimmer cannot follow.
        Google.Protobuf.Reflection.ServiceDescriptor[] described =
        [
            Protocol.V1.Switchboard.Descriptor,
            Health.Descriptor,
            Grpc.Reflection.V1.ServerReflection.Descriptor,
            Grpc.Reflection.V1Alpha.ServerReflection.Descriptor,
        ];
        builder.Services.AddSingleton(new ReflectionV1ServiceImpl(described));
        builder.Services.AddSingleton(new ReflectionServiceImpl(described));
        builder.Services
            .AddGrpcHealthChecks(health => health.Services.Map(Protocol.V1.Switchboard.Descriptor.FullName, _ => true))
            .AddCheck("switchboard", () => HealthCheckResult.Healthy());
        WebApplication web = builder.Build();
        web.Use(admission.OnCallAsync);
        web.MapGrpcService<GrpcDoorService>();
        web.MapGrpcService<ReflectionV1ServiceImpl>();
        web.MapGrpcService<ReflectionServiceImpl>();
        web.MapGrpcHealthChecksService();
        return web;
    }
}
