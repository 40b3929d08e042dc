// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Flower.AspNetCore;
using Flower.Client;
using Flower.Http;
using Flower.Protocol.V1;
using Flower.Tests.EndToEnd;
using Flower.Tests.Rpc;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Flower.Tests.AspNetCore;

/// <summary>What a web application sees of the connections that the board hands to its Kestrel: docs/aspnetcore.md.</summary>
internal sealed class ServeTests : WebFixture
{
    [Test]
    public async Task Request_OfAClientOnTheBoard_HasItsLabelsAndPeer()
    {
        IFlowerConnectionFeature? seen = null;
        await using WebApplication app = await StartAsync(EndPoint("service=www", "tenant=blue"), context =>
        {
            seen = context.Features.Get<IFlowerConnectionFeature>();
            return context.Response.WriteAsync($"{context.Request.Protocol} {context.Connection.RemoteIpAddress}");
        });
        using HttpClient client = NewClient(Www with { Labels = Labels("colour=red") });

        string answer = await client.GetStringAsync("http://www/").Soon();

        Assert.That(answer, Is.EqualTo("HTTP/1.1 "), "a Unix socket has no address");
        Assert.That(seen, Is.Not.Null);
        Assert.That(seen!.Labels["tenant"], Is.EqualTo("blue"));
        Assert.That(seen.Labels.Single(label => label.Key == "colour").Source, Is.EqualTo(Source.Claimed));
        Assert.That(seen.Peer.ProcessId, Is.EqualTo(Environment.ProcessId));
        Assert.That(seen.Peer.UserId, Is.EqualTo(Mono.Unix.Native.Syscall.geteuid()));
        Assert.That(seen.Peer.GroupId, Is.EqualTo(Mono.Unix.Native.Syscall.getegid()));
        Assert.That(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses,
            Is.EqualTo(new[] { "http://flower:service=www tenant=blue" }));
    }

    [Test]
    public async Task Request_OfAPushedTcpSocket_HasTheClientsAddress()
    {
        await using WebApplication app = await StartAsync(EndPoint("service=www"), context => context.Response.WriteAsync(
            $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort} to {context.Connection.LocalPort} "
            + context.Features.Get<IFlowerConnectionFeature>()!.Labels["client_port"]));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var outside = new TcpClient();
        await outside.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        var address = (IPEndPoint)outside.Client.LocalEndPoint!;
        using (Socket accepted = await listener.AcceptSocketAsync())
        {
            await Root.PushAsync(accepted, Labels("service=www", $"client_port={address.Port}")).Soon();
        }

        string answer = await AskAsync(outside.GetStream());

        Assert.That(answer, Does.StartWith("HTTP/1.1 200 OK"));
        Assert.That(answer, Does.EndWith(
            $"127.0.0.1:{address.Port} to {((IPEndPoint)listener.LocalEndpoint).Port} {address.Port}"));
    }

    [Test]
    public async Task Request_Http2WithPriorKnowledge_IsAnswered()
    {
        await using WebApplication app = await StartAsync(
            EndPoint("service=www"),
            context => context.Response.WriteAsync(
                $"{context.Request.Protocol} {context.Features.Get<IFlowerConnectionFeature>()!.Labels["service"]}"),
            listen => listen.Protocols = HttpProtocols.Http2);
        using HttpClient client = NewClient();
        client.DefaultRequestVersion = HttpVersion.Version20;
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;

        string[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetStringAsync("http://www/"))).Soon();

        Assert.That(answers, Is.All.EqualTo("HTTP/2 www"));
        Assert.That(await OpenConnectionsAsync(), Is.EqualTo(1));
    }

    [Test]
    public async Task Request_Https_IsForTheHostOfTheUrl()
    {
        string folder = Directory.CreateTempSubdirectory("flower-").FullName;
        using var authority = new CertificateFiles(folder);
        (string file, string key) = authority.Issue("www");
        using X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(file, key);
        using X509Certificate2 trusted = X509CertificateLoader.LoadCertificateFromFile(authority.AuthorityFile);
        Directory.Delete(folder, true);
        await using WebApplication app = await StartAsync(
            EndPoint("service=www"),
            context => context.Response.WriteAsync($"{context.Request.Scheme} {context.Request.Protocol}"),
            listen => listen.UseHttps(certificate));
        SocketsHttpHandler handler = new SocketsHttpHandler().UseFlower(Root, new() { LabelsOf = _ => Labels("service=www") });
        handler.SslOptions.CertificateChainPolicy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { trusted },
            RevocationMode = X509RevocationMode.NoCheck,
        };
        using var client = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20 };

        Assert.That(await client.GetStringAsync("https://www/").Soon(), Is.EqualTo("https HTTP/2"));
        HttpRequestException refused = (await Assert.ThrowsAsync<HttpRequestException>(
            () => client.GetStringAsync("https://another/").Soon()))!;
        Assert.That(refused.HttpRequestError, Is.EqualTo(HttpRequestError.SecureConnectionError));
    }

    [Test]
    public async Task WebSocket_OverTheBoard_TalksBothWays()
    {
        await using WebApplication app = await StartAsync(EndPoint("service=www"), async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            byte[] buffer = new byte[100];
            WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, default);
            await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Text, true, default);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
        });
        using var handler = new SocketsHttpHandler().UseFlower(Root, Www);
        using var invoker = new HttpMessageInvoker(handler);
        using var socket = new ClientWebSocket();

        await socket.ConnectAsync(new("ws://www/"), invoker, default).Soon();
        await socket.SendAsync(Encoding.ASCII.GetBytes("there and back"), WebSocketMessageType.Text, true, default).Soon();
        byte[] buffer = new byte[100];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, default).Soon();

        Assert.That(Encoding.ASCII.GetString(buffer, 0, received.Count), Is.EqualTo("there and back"));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default).Soon();
    }

    [Test]
    public async Task Grpc_OverTheBoard_IsAnswered()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(Log.CreateProvider());
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<Grpc.HealthCheck.HealthServiceImpl>();
        builder.WebHost.UseFlower(EndPoint("service=health"), listen => listen.Protocols = HttpProtocols.Http2);
        await using WebApplication app = builder.Build();
        app.MapGrpcService<Grpc.HealthCheck.HealthServiceImpl>();
        app.Services.GetRequiredService<Grpc.HealthCheck.HealthServiceImpl>().SetStatus(
            "", Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving);
        await app.StartAsync().Soon();
        using GrpcChannel channel = GrpcChannel.ForAddress(
            "http://health", new() { HttpHandler = new SocketsHttpHandler().UseFlower(Root, Www) });

        Grpc.Health.V1.HealthCheckResponse answer =
            await new Grpc.Health.V1.Health.HealthClient(channel).CheckAsync(new()).Soon();

        Assert.That(answer.Status, Is.EqualTo(Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving));
    }

    [Test]
    public async Task Body_OfMegabytes_ArrivesUnchanged()
    {
        byte[] sent = new byte[5_000_000];
        new Random(1).NextBytes(sent);
        await using WebApplication app = await StartAsync(
            EndPoint("service=www"), async context =>
            {
                using var received = new MemoryStream();
                await context.Request.Body.CopyToAsync(received);
                await context.Response.Body.WriteAsync(received.ToArray());
            });
        using HttpClient client = NewClient();

        using HttpResponseMessage response = await client.PostAsync("http://www/", new ByteArrayContent(sent)).Soon();

        byte[] received = await response.Content.ReadAsByteArrayAsync().Soon();
        Assert.That(received.AsSpan().SequenceEqual(sent), Is.True);
    }

    [Test]
    public async Task Listeners_Several_ServeOneApplicationBesideTcp()
    {
        await using WebApplication app = await StartAsync(
            host => host
                .UseFlower(EndPoint("service=one"))
                .UseFlower(EndPoint("service=two"))
                .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0)),
            context => context.Response.WriteAsync(
                context.Features.Get<IFlowerConnectionFeature>()?.Labels["service"] ?? "neither"));
        using HttpClient client = NewClient();
        using var direct = new HttpClient();
        string tcp = app.Urls.Single(url => !url.Contains("flower", StringComparison.Ordinal));

        Assert.That(await client.GetStringAsync("http://one/").Soon(), Is.EqualTo("one"));
        Assert.That(await client.GetStringAsync("http://two/").Soon(), Is.EqualTo("two"));
        Assert.That(await direct.GetStringAsync(tcp).Soon(), Is.EqualTo("neither"));
    }

    [Test]
    public async Task Handle_OfTheCaller_IsUsedAndLeftOpen()
    {
        await using Handle narrow = await NarrowAsync(Root, ["tenant=blue"], []);
        await using (WebApplication app = await StartAsync(
            new FlowerEndPoint("service=www") { Handle = narrow, Listen = new() { Weight = 7, Credit = 0 } },
            context => context.Response.WriteAsync(
                context.Features.Get<IFlowerConnectionFeature>()!.Labels["tenant"]!)))
        {
            using HttpClient client = NewClient();
            Assert.That(await client.GetStringAsync("http://www/").Soon(), Is.EqualTo("blue"));
            await foreach (TargetInfo target in Root.ListAsync(Labels()))
            {
                Assert.That(target.Weight, Is.EqualTo(7));
            }

            await app.StopAsync().Soon();
        }

        Assert.That(narrow.Closed.IsCompleted, Is.False);
        await using Listener again = await narrow.ListenAsync(Labels("service=www")).Soon();
    }

    private static async Task<string> AskAsync(NetworkStream stream)
    {
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: www\r\nConnection: close\r\n\r\n"u8.ToArray());
        using var reader = new StreamReader(stream);
        string head = await reader.ReadToEndAsync().Soon();
        // The body is one chunk.
        string[] lines = head.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        return lines[0] + "\n" + lines[^2];
    }
}
