// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Flower.Client;
using Flower.Protocol;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>What samples/README.md says of the samples.</summary>
public sealed class SampleTests : IngressTest
{
    [Test]
    public async Task Echo_ServerAndClients_TalkBothWays()
    {
        FlowerProcess server = Board.Program(Programs.Sample("EchoServer"), "service=echo", "tenant=blue");
        await server.Out.AwaitLineAsync("listening:", "service=echo");
        FlowerProcess one = Board.Program(Programs.Sample("EchoClient"), "service=echo");
        FlowerProcess other = Board.Program(Programs.Sample("EchoClient"), "service=echo");

        await one.Out.AwaitLineAsync("connected:", "tenant=blue");
        await other.WriteLineAsync("from the other");
        await other.Out.AwaitLineAsync("from the other");
        await one.WriteLineAsync("from the one");
        await one.Out.AwaitLineAsync("from the one");
        one.CloseInput();
        other.CloseInput();

        Assert.That(await one.ExitAsync(), Is.Zero, one.Error.ToString());
        Assert.That(await other.ExitAsync(), Is.Zero, other.Error.ToString());
        await server.Out.AwaitLineAsync($"connected: user {Syscall.geteuid()}");
        Assert.That(server.HasExited, Is.False);
    }

    [Test]
    public async Task EchoClient_NobodyThere_SaysSo()
    {
        FlowerProcess client = Board.Program(Programs.Sample("EchoClient"), "service=echo");

        Assert.That(await client.ExitAsync(), Is.EqualTo(1));
        Assert.That(client.Error.Lines.Single(), Does.StartWith("nothing matches"));
    }

    [Test]
    public async Task WebServerAndClient_OnTheBoard_SeeEachOther()
    {
        FlowerProcess server = await StartWebServerAsync();

        FlowerProcess client = Board.Program(Programs.Sample("WebClient"), "http://www.board/");

        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
        Assert.That(client.Out.Lines[0], Is.EqualTo($"hello, user {Syscall.geteuid()}"));
        Assert.That(client.Out.Lines[1], Does.Contain($"flower.client_pid={client.Id}"));
        server.Signal(Signum.SIGTERM);
        Assert.That(await server.ExitAsync(), Is.Zero, server.Error.ToString());
    }

    [Test]
    public async Task WebServerAndClient_ThroughIngressAndEgress_SeeAddresses()
    {
        await StartWebServerAsync();
        (_, IPEndPoint address) = await StartAsync();
        await Board.FlowerReadyAsync("egress", "connect", "--allow", "127.0.0.0/8");

        FlowerProcess client = Board.Program(Programs.Sample("WebClient"), $"http://{address}/");

        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
        Assert.That(client.Out.Lines[0], Is.EqualTo("hello, 127.0.0.1"));
        Assert.That(client.Out.Lines[1], Does.Contain("client_address=127.0.0.1").And.Contain($"server_port={address.Port}"));
    }

    [Test]
    public async Task WebClient_NobodyThere_SaysSo()
    {
        FlowerProcess client = Board.Program(Programs.Sample("WebClient"), "http://www.board/");

        Assert.That(await client.ExitAsync(), Is.EqualTo(1));
        Assert.That(client.Error.Lines.Single(), Does.StartWith("nothing matches").And.EndsWith("(www.board:80)"));
    }

    [Test]
    public async Task Worker_IsStopped_IsGoneFromTheBoardAndFinishesWhatItHasBegun()
    {
        FlowerProcess worker = Board.Program(Programs.Sample("Worker"));
        await worker.Out.AwaitLineAsync("listening:", "service=digest");
        await using Handle handle = await Board.OpenAsync();
        await using Connection connection = await handle.ConnectAsync(LabelSet.Create(("service", "digest"))).Within();
        await connection.Socket.SendAsync("half of it"u8.ToArray()).Within();

        worker.Signal(Signum.SIGTERM);

        Assert.That(await Patience.UntilAsync(async () => !await IsListedAsync(handle)), Is.True, "still listed");
        Assert.That(worker.HasExited, Is.False);
        using var reader = new StreamReader(connection.GetStream());
        await connection.Socket.SendAsync(", and the rest"u8.ToArray()).Within();
        connection.Socket.Shutdown(SocketShutdown.Send);
        Assert.That(
            await reader.ReadToEndAsync().Within(),
            Is.EqualTo(Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes("half of it, and the rest"))) + "\n"));
        Assert.That(await worker.ExitAsync(), Is.Zero, worker.Error.ToString());
    }

    [Test]
    public async Task PostgreSql_ThroughAnEgress_Answers()
    {
        await using PostgresFixture postgres = await PostgresFixture.StartAsync();
        await Board.FlowerReadyAsync("egress", "connect", "--to", "unix:" + postgres.SocketPath, "service=db");

        FlowerProcess client = Board.Program(
            Programs.Sample("PostgreSql"), "Username=flower;Database=postgres", "service=db");

        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
        Assert.That(client.Out.Lines.Single(), Does.StartWith("PostgreSQL "));
    }

    [Test]
    public async Task PostgreSql_NobodyThere_SaysSo()
    {
        FlowerProcess client = Board.Program(
            Programs.Sample("PostgreSql"), "Username=flower;Database=postgres", "service=db");

        Assert.That(await client.ExitAsync(), Is.EqualTo(1));
        Assert.That(client.Error.Lines[0], Does.StartWith("nothing matches service=db"));
    }

    private async Task<FlowerProcess> StartWebServerAsync()
    {
        FlowerProcess server = Board.Program(Programs.Sample("WebServer"), "service=www");
        await server.Out.AwaitLineAsync("Now listening on: http://flower:service=www");
        return server;
    }

    private static async Task<bool> IsListedAsync(Handle handle)
    {
        await foreach (TargetInfo target in handle.ListAsync(LabelSet.Empty))
        {
            return true;
        }

        return false;
    }
}
