// SPDX-License-Identifier: BSD-2-Clause
// A web application on the board. It has no address: clients on the board reach it by its labels, and the world through an
// ingress.
//
//     dotnet run --project samples/WebServer -- service=www
//     flower ingress accept 127.0.0.1:8080 service=www
using Flower.AspNetCore;

WebApplicationBuilder builder = WebApplication.CreateBuilder();
builder.WebHost.UseFlower(args);
WebApplication app = builder.Build();

app.MapGet("/", context =>
{
    IFlowerConnectionFeature connection = context.Features.Get<IFlowerConnectionFeature>()!;
    string who = context.Connection.RemoteIpAddress?.ToString() ?? $"user {connection.Peer.UserId}";
    return context.Response.WriteAsync($"hello, {who}\n{connection.Labels}\n");
});

app.Run();
