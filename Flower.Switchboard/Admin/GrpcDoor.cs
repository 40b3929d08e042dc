// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Health.V1;
using Grpc.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Admin;

/// <summary>The gRPC door: stock gRPC on Kestrel on a Unix stream socket, with health and reflection.</summary>
internal static class GrpcDoor
{
    /// <summary>Builds the host. Borrows the listening socket, which must outlive it.</summary>
    public static WebApplication Build(Descriptor listener, Action<ILoggingBuilder> logging, EventLoop loop)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "flower" });
        logging(builder.Logging);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            // A watcher may be silent for hours, and have more than a hundred calls open: Kestrel's defaults
            // (130 s, 100 streams) would end the one and hang the other.
            kestrel.Limits.KeepAliveTimeout = Timeout.InfiniteTimeSpan;
            kestrel.Limits.Http2.MaxStreamsPerConnection = PacketLimits.MaxCalls;
            // Kestrel does not own a handle that it is given.
            kestrel.ListenHandle(
                (ulong)listener.DangerousGetHandle(), endpoint => endpoint.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddSingleton(new GrpcDoorService(loop));
        builder.Services.AddGrpc();
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
        web.MapGrpcService<GrpcDoorService>();
        web.MapGrpcService<ReflectionV1ServiceImpl>();
        web.MapGrpcService<ReflectionServiceImpl>();
        web.MapGrpcHealthChecksService();
        return web;
    }
}
