// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Grpc.Core;

namespace Flower.Benchmarks.Soak;

/// <summary>What the workers of a soak do that ends in the middle: given up, not read, or killed.</summary>
internal sealed class FaultLaps(SoakBoard board)
{
    private const int MostEvents = 50;
    private const int LongestLifeMs = 60;

    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestWatch = TimeSpan.FromSeconds(1);

    /// <summary>Watches for a while; every fifth time without reading.</summary>
    public async Task WatchAsync(int lap)
    {
        // Where nothing happens any more, there is nothing to wait for.
        using var stop = new CancellationTokenSource(LongestWatch);
        try
        {
            await WatchAsync(lap, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // As it was meant.
        }
    }

    private async Task WatchAsync(int lap, CancellationToken cancellationToken)
    {
        await using Handle handle = await Handle.OpenAsync(board.Switchboard, cancellationToken: cancellationToken);
        int events = 0;
        await foreach (BoardEvent _ in handle.WatchAsync(LabelSet.Empty, cancellationToken))
        {
            if (lap % 5 == 0)
            {
                await Task.Delay(Silence, cancellationToken);
                return;
            }

            if (++events == MostEvents)
            {
                return;
            }
        }
    }

    /// <summary>Gives a call up, or lets its time pass, at some moment.</summary>
    public async Task CancelAsync(int lap)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(Random.Shared.Next(10)));
        try
        {
            switch (lap % 5)
            {
                case 0:
                    (await board.Root.ConnectAsync(EchoServers.Silent, cancellationToken: stop.Token)).Dispose();
                    break;
                case 1:
                    (await board.Root.ConnectAsync(EchoServers.Echo, cancellationToken: stop.Token)).Dispose();
                    break;
                case 2:
                    (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
                    using (kept)
                    {
                        await board.Root.PushDescriptorAsync(given, EchoServers.Silent, cancellationToken: stop.Token);
                    }

                    break;
                case 3:
                    (await board.Root.ConnectAsync(Nobody(lap), new() { Wait = true }, stop.Token)).Dispose();
                    break;
                default:
                    (await board.Root.ConnectAsync(
                        Nobody(lap), new() { Wait = true, Timeout = TimeSpan.FromMilliseconds(5) })).Dispose();
                    break;
            }
        }
        catch (OperationCanceledException)
        {
            // As it was meant.
        }
        catch (FlowerException e) when (e.StatusCode == StatusCode.DeadlineExceeded)
        {
            // As it was meant.
        }
    }

    /// <summary>Kills a process at some moment of what it does: while it starts, registers, connects, waits or watches.</summary>
    public async Task KillAsync(int lap)
    {
        string victim = "victim=" + SoakLaps.Text(lap);
        string[][] lives =
        [
            ["cat", "-l", victim],
            ["cat", "service=echo"],
            ["cat", "--wait", "1h", victim],
            ["cat", "service=silent"],
            ["watch"],
            ["ls"],
            ["tap", victim],
            ["egress", "connect", "--to", "127.0.0.1:1", victim],
            ["ingress", "accept", "127.0.0.1:0", victim],
            ["resolver", "static", board.Names, "--key", "name", "directory=" + SoakLaps.Text(lap)],
        ];
        string[] life = lives[lap % lives.Length];
        Task connecting = Task.CompletedTask;
        using (SoakProcess process = SoakProcess.Start("victim", board.Flower, board.Switchboard, life))
        {
            if (lap % lives.Length == 0)
            {
                connecting = HoldAsync(LabelSet.ParseWords([victim]));
            }

            await Task.Delay(Random.Shared.Next(LongestLifeMs));
        }

        await connecting;
    }

    private static LabelSet Nobody(int lap) => LabelSet.Create(("nobody", SoakLaps.Text(lap)));

    // Either the victim was never there, or it was connected and its end is seen.
    private async Task HoldAsync(LabelSet victim)
    {
        try
        {
            using Connection connection = await board.Root.ConnectAsync(
                victim, new() { Wait = true, Timeout = TimeSpan.FromMilliseconds(2 * LongestLifeMs) });
            while (await connection.Socket.ReceiveAsync(new byte[1]) > 0)
            {
            }
        }
        catch (FlowerException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
        {
            // It died before it had answered, or before it was there.
        }
        catch (SocketException)
        {
            // A reset is an end.
        }
    }
}
