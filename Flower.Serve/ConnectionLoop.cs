// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Grpc.Core;

namespace Flower.Serve;

/// <summary>
/// Takes connections while there are fewer than the most allowed; the others wait on the board, until its accept
/// deadline. Each is served by a task that owns one slot: when all slots are free, nothing goes on any more.
/// </summary>
/// <param name="max">Connections at once.</param>
/// <param name="serve">Serves one, which it owns, until its end. Faults only on what nobody foresaw.</param>
internal sealed class ConnectionLoop(int max, Func<Connection, Task> serve)
{
    private readonly SemaphoreSlim _slots = new(max, max);

    /// <summary>Runs until it is cancelled, and returns then; what goes on goes on.</summary>
    /// <exception cref="FlowerException">The registration ended, or the handle is of no more use.</exception>
    public async Task RunAsync(Handle handle, Listener listener, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task watching = StopWhenClosedAsync(handle, stop);
        try
        {
            await foreach (IncomingConnection incoming in listener.WithCancellation(stop.Token))
            {
                // The offer waits with us: it is the next one, and it is told if the board gives it up.
                await _slots.WaitAsync(stop.Token);

                // Owned by its slot.
                _ = TakeAsync(listener, incoming);
            }
        }
        catch (OperationCanceledException)
        {
            if (!cancellationToken.IsCancellationRequested)
            {
                throw handle.Failure ?? new FlowerException(StatusCode.Unavailable, "the switchboard has gone");
            }
        }
        finally
        {
            await stop.CancelAsync();
            await watching;
        }
    }

    /// <summary>Waits until nothing goes on. To be asked once, when <see cref="RunAsync"/> has ended.</summary>
    public async Task IdleAsync(CancellationToken cancellationToken)
    {
        for (int i = 0; i < max; i++)
        {
            await _slots.WaitAsync(cancellationToken);
        }
    }

    private static async Task StopWhenClosedAsync(Handle handle, CancellationTokenSource stop)
    {
        try
        {
            await handle.Closed.WaitAsync(stop.Token);
            await stop.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // Stopped for another reason.
        }
    }

    // Never faults. Not cancelled: a connection that was accepted is served, also when the registration ends meanwhile.
    private async Task TakeAsync(Listener listener, IncomingConnection incoming)
    {
        try
        {
            Connection connection = await incoming.AcceptAsync(CancellationToken.None);
            // What serves it takes its descriptor.
            using IDisposable open = listener.CountConnection();
            await serve(connection);
        }
        catch (FlowerException e) when (e.StatusCode == StatusCode.Cancelled)
        {
            // The client did not wait.
        }
        catch (FlowerException e)
        {
            Tool.Say(ServeCommand.FullName, $"lost a connection: {e.Message}");
        }
        finally
        {
            _slots.Release();
        }
    }
}
