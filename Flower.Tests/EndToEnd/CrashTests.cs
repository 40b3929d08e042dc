// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Servers that are killed.</summary>
public sealed class CrashTests : EndToEndTest
{
    private const int Clients = 4;

    [Test]
    public async Task Kill_ServerWhileClientsConnect_EachGetsDataOrAnError()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "-k", "program=victim");
        Task feeding = FeedAsync(server);
        var served = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int connected = 0;
        bool killed = false;
        await using Client.Handle handle = await Board.OpenAsync();
        Task[] clients = [.. Enumerable.Range(0, Clients).Select(_ => Task.Run(LoopAsync))];
        await Task.WhenAny(served.Task, Task.WhenAll(clients)).Within();

        Volatile.Write(ref killed, true);
        server.Kill();

        await Task.WhenAll(clients).Within();
        await feeding.Within();
        Assert.That(connected, Is.GreaterThanOrEqualTo(20));
        Assert.That(await ListAsync(), Is.Empty);
        FlowerProcess list = Board.Flower("ls");
        Assert.That(await list.ExitAsync(), Is.Zero);
        Assert.That(list.Out.Lines, Is.Empty);

        // Until nothing matches any more.
        async Task LoopAsync()
        {
            while (true)
            {
                try
                {
                    using Connection connection =
                        await handle.ConnectAsync(LabelSet.Create(("program", "victim"))).Within();
                    bool data = await HasDataAsync(connection.Socket);
                    Assert.That(data || Volatile.Read(ref killed), Is.True, "an end without data before the kill");
                    if (data && Interlocked.Increment(ref connected) == 20)
                    {
                        served.SetResult();
                    }
                }
                catch (FlowerException e) when (Volatile.Read(ref killed) && e.StatusCode == StatusCode.NotFound)
                {
                    return;
                }
                catch (FlowerException e) when (Volatile.Read(ref killed) && e.StatusCode == StatusCode.Unavailable)
                {
                    // It was offered to the server that died.
                }
            }
        }
    }

    [Test]
    public async Task Kill_ListedTarget_Disappears()
    {
        FlowerProcess first = await Board.FlowerReadyAsync("cat", "-l", "program=listed", "instance=1");
        await Board.FlowerReadyAsync("cat", "-l", "program=listed", "instance=2");
        FlowerProcess both = Board.Flower("ls", "program=listed");
        Assert.That(await both.ExitAsync(), Is.Zero);
        Assert.That(both.Out.Lines, Has.Count.EqualTo(2));
        Assert.That(both.Out.Lines, Has.All.StartsWith("{\"kind\":\"server\",\"labels\":{"));

        first.Kill();

        Assert.That(await Patience.UntilAsync(async () => (await ListAsync()).Count == 1), Is.True);
        FlowerProcess rest = Board.Flower("ls", "program=listed");
        Assert.That(await rest.ExitAsync(), Is.Zero);
        Assert.That(rest.Out.Lines.Single(), Does.Contain("\"instance\":\"2\""));
    }

    private async Task<List<TargetInfo>> ListAsync()
    {
        await using Client.Handle handle = await Board.OpenAsync();
        using var limit = new CancellationTokenSource(Patience.Limit);
        var targets = new List<TargetInfo>();
        await foreach (TargetInfo target in handle.ListAsync(LabelSet.Empty, limit.Token))
        {
            targets.Add(target);
        }

        return targets;
    }

    private static async Task<bool> HasDataAsync(Socket socket)
    {
        byte[] buffer = new byte[1];
        try
        {
            return await socket.ReceiveAsync(buffer).Within() > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task FeedAsync(FlowerProcess server)
    {
        byte[] zeros = new byte[4096];
        try
        {
            while (true)
            {
                await server.Input.WriteAsync(zeros);
            }
        }
        catch (IOException)
        {
            // Killed.
        }
    }
}
