// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.AspNetCore;
using Flower.Client;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using NUnit.Framework;

namespace Flower.Tests.AspNetCore;

/// <summary>How web applications on the board begin and end, and what does not end them: docs/aspnetcore.md.</summary>
internal sealed class LifeTests : WebFixture
{
    [Test]
    public async Task Start_NoSwitchboard_FailsWithTheRemedy()
    {
        Log.Expected = "Hosting failed to start";
        FlowerException failure = await Refused(StartAsync(
            new FlowerEndPoint("service=www") { Switchboard = SocketPath + ".none" }, context => Task.CompletedTask));

        Assert.That(failure.Message, Does.StartWith("no switchboard at").And.EndsWith("start one with: flower switchboard"));
    }

    [Test]
    public async Task Start_LabelsAreTaken_Fails()
    {
        Log.Expected = "Hosting failed to start";
        await using Listener other = await Root.ListenAsync(Labels("service=www")).Soon();

        FlowerException failure = await Refused(StartAsync(EndPoint("service=www"), context => Task.CompletedTask));

        Assert.That(failure.StatusCode, Is.EqualTo(StatusCode.FailedPrecondition));
    }

    [Test]
    public void EndPoint_NoLabel_SaysSo() => Assert.That(
        () => WebApplication.CreateSlimBuilder().WebHost.UseFlower("service"),
        Throws.InstanceOf<FormatException>().With.Message.Contains("service"));

    [Test]
    public async Task Start_NoConnectionsAtAll_SaysSo()
    {
        Log.Expected = "Hosting failed to start";

        await Assert.ThatAsync(
            () => StartAsync(
                new FlowerEndPoint("service=www") { Handle = Root, MaxConnections = 0 }, context => Task.CompletedTask),
            Throws.InvalidOperationException.With.Message.Contains("MaxConnections"));
    }

    [Test]
    public async Task Stop_WhileARequestIsAnswered_UnregistersFirstAndFinishesIt()
    {
        var begun = new TaskCompletionSource();
        var finish = new TaskCompletionSource();
        await using WebApplication app = await StartAsync(EndPoint("service=www"), async context =>
        {
            begun.SetResult();
            await finish.Task;
            await context.Response.WriteAsync("finished");
        });
        using HttpClient client = NewClient();
        Task<string> asking = client.GetStringAsync("http://www/");
        await begun.Task.Soon();

        Task stopping = app.StopAsync();
        await AwaitOpenConnectionsAsync(null);
        Assert.That(stopping.IsCompleted, Is.False);
        FlowerException refused = await Refused(Root.ConnectAsync(Labels("service=www")));
        Assert.That(refused.StatusCode, Is.EqualTo(StatusCode.NotFound));
        Assert.That(asking.IsCompleted, Is.False);
        finish.SetResult();
        Assert.That(await asking.Soon(), Is.EqualTo("finished"));
        await stopping.Soon();
    }

    [Test]
    public async Task Connections_AsManyAsItTakes_FurtherOnesAreForOthers()
    {
        await using WebApplication app = await StartAsync(
            new FlowerEndPoint("service=www", "replica=1") { Handle = Root, MaxConnections = 1 },
            context => context.Response.WriteAsync("one"));
        using (HttpClient client = NewClient())
        {
            Assert.That(await client.GetStringAsync("http://www/").Soon(), Is.EqualTo("one"));
            FlowerException refused = await Refused(Root.ConnectAsync(Labels("service=www")));
            Assert.That(refused.StatusCode, Is.EqualTo(StatusCode.Unavailable));
            Assert.That(refused.Message, Does.Contain("as many connections as it takes"));
            await using Listener another = await Root.ListenAsync(Labels("service=www", "replica=2")).Soon();
            Task<Connection> balanced = Root.ConnectAsync(
                Labels("service=www"), new() { Balance = Balance.RoundRobin, MaxTries = 2 });
            await using Connection taken = await (await NextAsync(another)).AcceptAsync().Soon();
            using Connection connection = await balanced.Soon();
        }

        // The client is gone: its connection ends, and counts no more.
        await AwaitOpenConnectionsAsync(0);

        using HttpClient next = NewClient();
        Assert.That(await next.GetStringAsync("http://www/").Soon(), Is.EqualTo("one"));
    }

    [Test]
    public async Task Handle_IsRevoked_TheApplicationStops()
    {
        Log.Expected = "is not registered any more";
        await using Handle narrow = await NarrowAsync(Root, ["tenant=blue"], []);
        await using WebApplication app = await StartAsync(
            new FlowerEndPoint("service=www") { Handle = narrow }, context => Task.CompletedTask);
        ulong id = 0;
        await foreach (HandleInfo handle in Root.HandlesAsync())
        {
            id = handle.InLabels["tenant"] == "blue" ? handle.Id : id;
        }

        await Root.RevokeAsync(id).Soon();

        await app.WaitForShutdownAsync().Soon();
        Assert.That(Log.Lines, Has.Some.Contains("is not registered any more"));
    }

    // Of a revocable one the switchboard has a duplicate: a close alone would not be seen.
    [TestCase(false)]
    [TestCase(true)]
    public async Task Connection_ThatIsAborted_EndsForItsClient(bool revocable)
    {
        await using WebApplication app = await StartAsync(EndPoint("service=www"), context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var outside = new TcpClient();
        await outside.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using (Socket accepted = await listener.AcceptSocketAsync())
        {
            await Root.PushAsync(accepted, Labels("service=www"), new() { Revocable = revocable }).Soon();
        }

        await outside.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: www\r\n\r\n"u8.ToArray());

        Assert.That(await EndedAsync(outside.GetStream()), Is.True);
        await AwaitOpenConnectionsAsync(0);
    }

    [Test]
    public async Task Connections_Many_AreAllClosed()
    {
        await using WebApplication app = await StartAsync(EndPoint("service=www"), context =>
        {
            context.Response.Headers.Connection = "close";
            return context.Response.WriteAsync("one of many");
        });
        using HttpClient client = NewClient();

        await Parallel.ForEachAsync(Enumerable.Range(0, 500), new ParallelOptions { MaxDegreeOfParallelism = 20 }, async (_, stop) =>
            Assert.That(await client.GetStringAsync("http://www/", stop).Soon(), Is.EqualTo("one of many")));

        await AwaitOpenConnectionsAsync(0);
    }

    [Test]
    public async Task Socket_ThatIsNoStream_IsClosedAndTheNextOneIsServed()
    {
        await using WebApplication app = await StartAsync(
            EndPoint("service=www"), context => context.Response.WriteAsync("still here"));
        using var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        datagrams.Connect(IPAddress.Loopback, 9);
        (Descriptor given, Descriptor kept) = UnixSocket.PacketPair();
        using (kept)
        {
            await PushedAsync(given);
            await PushedAsync(Descriptor.FromSocket(datagrams));
            using HttpClient client = NewClient();

            Assert.That(await client.GetStringAsync("http://www/").Soon(), Is.EqualTo("still here"));
        }
    }

    private static async Task<bool> EndedAsync(NetworkStream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[100]).AsTask().Soon() == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    // Whether the board takes it is not this test's business.
    private async Task PushedAsync(Descriptor socket)
    {
        try
        {
            await Root.PushDescriptorAsync(socket, Labels("service=www")).Soon();
        }
        catch (FlowerException e)
        {
            TestContext.Out.WriteLine(e.Message);
        }
    }
}
