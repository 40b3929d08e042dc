// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;

namespace Flower.Run.Names;

/// <summary>
/// The TCP connections of a box's name server, over all listeners: a bounded number, of which the one that has been idle
/// longest gives way to a new one. Owns them and their tasks.
/// </summary>
internal sealed class NameConnections(
    SyntheticNames names, int maxCount, TimeSpan idleLimit, CancellationToken cancellation)
{
    private readonly Lock _lock = new();

    // From the longest idle to the one that was answered last.
    private readonly LinkedList<NameConnection> _open = new();

    /// <summary>Accepts until it is cancelled.</summary>
    public async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                if (await TryAcceptAsync(listener) is { } socket)
                {
                    await AddAsync(socket);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The loop has no other end.
        }
    }

    /// <summary>Waits for all connections, after all that accepts has ended.</summary>
    public Task EndAsync()
    {
        lock (_lock)
        {
            return Task.WhenAll(_open.Select(connection => connection.Ended));
        }
    }

    private async ValueTask<Socket?> TryAcceptAsync(Socket listener)
    {
        try
        {
            return await listener.AcceptAsync(cancellation);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
        {
            return null;
        }
        catch (SocketException)
        {
            // It stays in the kernel's backlog meanwhile.
            await Task.Delay(NameStub.Pause, cancellation);
            return null;
        }
    }

    private async Task AddAsync(Socket socket)
    {
        while (true)
        {
            Task leaving;
            lock (_lock)
            {
                if (_open.Count < maxCount)
                {
                    Start(socket);
                    return;
                }

                NameConnection idle = _open.First!.Value;
                idle.Stop();
                leaving = idle.Ended;
            }

            await leaving;
        }
    }

    private void Start(Socket socket)
    {
        var connection = new NameConnection(socket, names, idleLimit, cancellation);
        LinkedListNode<NameConnection> node = _open.AddLast(connection);
        connection.Ended = Task.Run(
            async () =>
            {
                await connection.RunAsync(() => Touch(node));
                Remove(node);
            },
            CancellationToken.None);
    }

    private void Touch(LinkedListNode<NameConnection> node)
    {
        lock (_lock)
        {
            _open.Remove(node);
            _open.AddLast(node);
        }
    }

    private void Remove(LinkedListNode<NameConnection> node)
    {
        lock (_lock)
        {
            _open.Remove(node);
            node.Value.Dispose();
        }
    }
}
