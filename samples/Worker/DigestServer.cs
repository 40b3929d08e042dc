// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Flower.Client;
using Flower.Protocol;

namespace Worker;

/// <summary>
/// Serves for as long as the host runs. When it stops, this is taken off the board first, and then has until
/// <see cref="HostOptions.ShutdownTimeout"/> to finish what it has begun. If it cannot serve any more, it fails, and so the host
/// stops.
/// </summary>
internal sealed partial class DigestServer(ILogger<DigestServer> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A switchboard that goes away is waited for, however long it takes.
        await using Handle handle = await Handle.OpenAsync(
            options: new() { Reconnect = Timeout.InfiniteTimeSpan }, cancellationToken: stoppingToken);
        await using Listener listener = await handle.ListenAsync(
            LabelSet.Create(("service", "digest")), cancellationToken: stoppingToken);
        Listening(listener.Labels);

        Task serving = Parallel.ForEachAsync(
            listener, new ParallelOptions { MaxDegreeOfParallelism = 100 }, async (incoming, _) => await ServeAsync(incoming));
        await Task.WhenAny(serving, Task.Delay(Timeout.Infinite, stoppingToken));

        // Nobody is connected from here on; those who are have their answer.
        await listener.DisposeAsync();
        await serving;
    }

    private async Task ServeAsync(IncomingConnection incoming)
    {
        try
        {
            await using Connection connection = await incoming.AcceptAsync();
            await using NetworkStream stream = connection.GetStream();
            byte[] digest = await SHA256.HashDataAsync(stream);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(digest) + "\n"));
        }
        catch (IOException e)
        {
            Gone(e.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "listening: {Labels}")]
    private partial void Listening(ConnectionLabels labels);

    [LoggerMessage(2, LogLevel.Warning, "a client has gone: {Reason}")]
    private partial void Gone(string reason);
}
