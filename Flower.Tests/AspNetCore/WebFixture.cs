// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.AspNetCore;
using Flower.Client;
using Flower.Http;
using Flower.Protocol;
using Flower.Tests.EndToEnd;
using Flower.Tests.Integration;
using Flower.Tests.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Flower.Tests.AspNetCore;

/// <summary>A switchboard, and web applications that are served on it, all in this process.</summary>
internal abstract class WebFixture : BoardFixture
{
    protected static readonly FlowerHttpOptions Www = new() { LabelsOf = url => LabelSet.Create(("service", url.Host)) };

    // The runtime's own pipe for signals, which a host asks for, is made once.
    [OneTimeSetUp]
    public async Task WarmUpHost()
    {
        await using WebApplication app = await StartAsync(
            host => host.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0)), context => Task.CompletedTask);
    }

    protected FlowerEndPoint EndPoint(params string[] labels) => new(labels) { Switchboard = SocketPath };

    /// <summary>Not started yet.</summary>
    protected WebApplication Build(Action<IWebHostBuilder> configure, RequestDelegate answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Log.CreateProvider());
        configure(builder.WebHost);
        WebApplication app = builder.Build();
        app.UseWebSockets();
        app.Run(answer);
        return app;
    }

    protected Task<WebApplication> StartAsync(
        FlowerEndPoint endPoint, RequestDelegate answer, Action<Microsoft.AspNetCore.Server.Kestrel.Core.ListenOptions>? configure = null) =>
        StartAsync(host => host.UseFlower(endPoint, configure), answer);

    protected async Task<WebApplication> StartAsync(Action<IWebHostBuilder> configure, RequestDelegate answer)
    {
        WebApplication app = Build(configure, answer);
        try
        {
            await app.StartAsync().Soon();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whose hosts are the services of the board.</summary>
    protected HttpClient NewClient(FlowerHttpOptions? options = null) =>
        new(new SocketsHttpHandler().UseFlower(Root, options ?? Www));

    /// <summary>Waits until the one server on the board says that it has so many connections; null: until there is none.</summary>
    protected async Task AwaitOpenConnectionsAsync(int? number) => Assert.That(
        await Patience.UntilAsync(async () => await OpenConnectionsAsync() == number), Is.True, $"never {number} connections");

    /// <summary>How many connections the one server on the board says that it has.</summary>
    protected async Task<int?> OpenConnectionsAsync()
    {
        await foreach (TargetInfo target in Root.ListAsync(LabelSet.Empty))
        {
            return target.OpenConnections;
        }

        return null;
    }
}
