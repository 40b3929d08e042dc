// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Grpc.Core;

namespace Flower.Ingress;

/// <summary>
/// Accepts, and hands over: many at once, so that a slow server holds up nobody else. A connection that is refused is
/// closed, and the next one accepted. Ends when it is told to, or when the switchboard has gone.
/// </summary>
internal sealed class Acceptor(Handle handle, Socket listener, LabelSet labels) : IDisposable
{
    private const int MaxAtOnce = 1024;
    private const string Name = "flower ingress";

    // accept(2) without a free descriptor fails at once, over and over: the connection stays in the queue meanwhile.
    private static readonly TimeSpan BackOff = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim _slots = new(MaxAtOnce, MaxAtOnce);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task watching = StopWhenClosedAsync(stop);
        try
        {
            while (true)
            {
                await _slots.WaitAsync(stop.Token);
                Socket? accepted = null;
                try
                {
                    accepted = await AcceptAsync(stop.Token);
                }
                finally
                {
                    if (accepted is null)
                    {
                        _slots.Release();
                    }
                }

                // Owned by the slot that it frees: all slots are awaited below.
                _ = accepted is null ? Task.CompletedTask : HandOverAsync(accepted, stop.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FlowerException(StatusCode.Unavailable, "the switchboard has gone");
        }
        finally
        {
            await stop.CancelAsync();
            await watching;
            await DrainAsync();
        }
    }

    public void Dispose() => _slots.Dispose();

    private async Task StopWhenClosedAsync(CancellationTokenSource stop)
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

    // Null: this time not.
    private async Task<Socket?> AcceptAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await listener.AcceptAsync(cancellationToken);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.TooManyOpenSockets
            or SocketError.NoBufferSpaceAvailable)
        {
            Tool.Say(Name, "no descriptor left to accept a connection: raise ulimit -n; trying again");
            await Task.Delay(BackOff, cancellationToken);
            return null;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset
            or SocketError.ConnectionAborted or SocketError.Interrupted or SocketError.NetworkDown
            or SocketError.ProtocolNotSupported or SocketError.HostDown or SocketError.HostUnreachable
            or SocketError.NetworkUnreachable)
        {
            // accept(2): errors of the connection, or of its network, are reported here and concern nobody else.
            return null;
        }
    }

    // Never faults. The socket is duplicated for the board: this copy is closed in any case, which is what closes a
    // refused connection.
    private async Task HandOverAsync(Socket accepted, CancellationToken cancellationToken)
    {
        string client = "a client";
        try
        {
            using (accepted)
            {
                LabelSet all = labels.Merge(AddressLabels.Of(accepted, out client), out IReadOnlyList<string> keys);
                if (keys.Count > 0)
                {
                    Tool.Say(Name, $"refused {client}: the labels given contradict its {string.Join(", ", keys)}");
                    return;
                }

                ConnectionLabels connected = await handle.PushAsync(accepted, all, null, cancellationToken);
                Tool.Say(Name, $"handed over {client}: {connected}");
            }
        }
        catch (Exception e) when (e is FlowerException or LabelException or SocketException)
        {
            Tool.Say(Name, $"refused {client}: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            Tool.Say(Name, $"refused {client}: the ingress is stopping");
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task DrainAsync()
    {
        for (int i = 0; i < MaxAtOnce; i++)
        {
            await _slots.WaitAsync(CancellationToken.None);
        }
    }
}
