// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Client;
using Flower.CommandLine;

namespace Flower.Egress;

/// <summary>Answers the requests of an egress, many at once.</summary>
internal sealed class Connector : IDisposable
{
    private const int MaxAtOnce = 256;
    private const string Name = "flower egress";

    private readonly SemaphoreSlim _slots = new(MaxAtOnce, MaxAtOnce);

    public async Task RunAsync(Client.Egress egress, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (EgressRequest request in egress.WithCancellation(cancellationToken))
            {
                await _slots.WaitAsync(cancellationToken);

                // Owned by the slot that it frees: all slots are awaited below.
                _ = AnswerAsync(request, cancellationToken);
            }
        }
        finally
        {
            for (int i = 0; i < MaxAtOnce; i++)
            {
                await _slots.WaitAsync(CancellationToken.None);
            }
        }
    }

    public void Dispose() => _slots.Dispose();

    // Never faults.
    private async Task AnswerAsync(EgressRequest request, CancellationToken cancellationToken)
    {
        Destination? destination = null;
        try
        {
            destination = Destination.Read(request.Labels);
            using Socket socket = await Dialer.ConnectAsync(destination);
            await request.ConnectedAsync(socket, cancellationToken);
            Tool.Say(Name, $"connected to {destination}");
        }
        catch (DialException e)
        {
            Tool.Say(Name, e.Message);
            await TryFailAsync(request, e.Message);
        }
        catch (Exception e) when (e is FlowerException or OperationCanceledException)
        {
            // The client or the switchboard has gone, or the egress is stopping; the socket is closed.
            Tool.Say(Name, $"nobody takes the connection to {destination}: {e.Message}");
        }
        finally
        {
            _slots.Release();
        }
    }

    private static async Task TryFailAsync(EgressRequest request, string reason)
    {
        try
        {
            await request.FailAsync(reason, CancellationToken.None);
        }
        catch (FlowerException)
        {
            // The registration has ended, which fails it as well.
        }
    }
}
