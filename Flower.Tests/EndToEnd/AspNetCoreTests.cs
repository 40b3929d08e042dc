// SPDX-License-Identifier: BSD-2-Clause
using Flower.AspNetCore;
using Flower.Client;
using Flower.Http;
using Flower.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A web application on a switchboard that is replaced, or dies: docs/aspnetcore.md.</summary>
public sealed class AspNetCoreTests : EndToEndTest
{
    [TestCase(true)]
    [TestCase(false)]
    public async Task Switchboard_IsReplacedOrComesBackEmpty_TheApplicationGoesOn(bool replaced)
    {
        await using WebApplication app = await StartAsync();
        var options = new FlowerHttpOptions
        {
            LabelsOf = _ => LabelSet.Create(("service", "www")),
            Connect = new() { Wait = true },
        };
        await using Handle handle = await Board.OpenAsync();
        using var before = new HttpClient(new SocketsHttpHandler().UseFlower(handle, options));
        Assert.That(await before.GetStringAsync("http://www/").Within(), Is.EqualTo("hello"));

        if (replaced)
        {
            await Board.ReplaceAsync();
        }
        else
        {
            await Board.KillDaemonAsync();
            await Board.StartAsync();
        }

        using var after = new HttpClient(new SocketsHttpHandler().UseFlower(handle, options));
        Assert.That(await after.GetStringAsync("http://www/").Within(), Is.EqualTo("hello"), "a connection that is made now");
        Assert.That(await before.GetStringAsync("http://www/").Within(), Is.EqualTo("hello"), "the one from before");
        await app.StopAsync().Within();
    }

    [Test]
    public async Task Stop_WhileTheSwitchboardIsAway_Ends()
    {
        await using WebApplication app = await StartAsync();
        await using Handle handle = await Board.OpenAsync();
        using var client = new HttpClient(
            new SocketsHttpHandler().UseFlower(handle, new() { LabelsOf = _ => LabelSet.Create(("service", "www")) }));
        Assert.That(await client.GetStringAsync("http://www/").Within(), Is.EqualTo("hello"));
        await Board.KillDaemonAsync();
        Assert.That(await client.GetStringAsync("http://www/").Within(), Is.EqualTo("hello"), "the connection lives on");

        await app.StopAsync().Within();
        File.Delete(Board.Handle);
    }

    private async Task<WebApplication> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseFlower(new FlowerEndPoint("service=www") { Switchboard = Board.Handle });
        WebApplication app = builder.Build();
        app.Run(context => context.Response.WriteAsync("hello"));
        await app.StartAsync().Within();
        return app;
    }
}
