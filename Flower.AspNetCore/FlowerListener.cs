// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flower.AspNetCore;

/// <summary>
/// A registered server as Kestrel sees it. Owns the registration, the handle if it was opened for it, and the buffers of its
/// connections. Kestrel accepts from one loop; it unbinds first, then lets the connections end, and disposes last.
/// </summary>
internal sealed class FlowerListener : IConnectionListener
{
    private readonly FlowerEndPoint _endPoint;
    private readonly Handle? _own;
    private readonly Listener _listener;
    private readonly IAsyncEnumerator<IncomingConnection> _incoming;
    private readonly SocketConnectionContextFactory _contexts;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly ILogger _logger;

    public FlowerListener(
        FlowerEndPoint endPoint,
        Handle? own,
        Listener listener,
        SocketConnectionContextFactory contexts,
        IHostApplicationLifetime lifetime,
        ILogger logger)
    {
        _endPoint = endPoint;
        _own = own;
        _listener = listener;
        _incoming = listener.GetAsyncEnumerator(CancellationToken.None);
        _contexts = contexts;
        _lifetime = lifetime;
        _logger = logger;
    }

    public EndPoint EndPoint => _endPoint;

    /// <summary>The next connection; null: there will be no more.</summary>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            while (await _incoming.MoveNextAsync().ConfigureAwait(false))
            {
                if (await TakeAsync(_incoming.Current, cancellationToken).ConfigureAwait(false) is { } context)
                {
                    return context;
                }
            }
        }
        catch (FlowerException e)
        {
            // Nobody would come any more, and nobody would notice: who started the program does, and starts it anew.
            ListenerLog.Ended(_logger, _endPoint, e.Message);
            _lifetime.StopApplication();
        }

        return null;
    }

    /// <summary>
    /// Ends the registration, and refuses what was offered and not accepted as too much for now: who balances is given
    /// another server. Connections go on.
    /// </summary>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => _listener.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        // The accept loop has ended by now, or never began.
        await _listener.DisposeAsync().ConfigureAwait(false);
        await _incoming.DisposeAsync().ConfigureAwait(false);
        if (_own is not null)
        {
            await _own.DisposeAsync().ConfigureAwait(false);
        }

        _contexts.Dispose();
    }

    // Null: it is not served, for whatever reason. That is no reason to stop accepting.
    private async ValueTask<ConnectionContext?> TakeAsync(
        IncomingConnection incoming, CancellationToken cancellationToken)
    {
        Connection? connection = null;
        try
        {
            if (_listener.OpenConnections >= _endPoint.MaxConnections)
            {
                await incoming.RejectAsync("it has as many connections as it takes", overloaded: true, cancellationToken)
                    .ConfigureAwait(false);
                return null;
            }

            connection = await incoming.AcceptAsync(cancellationToken).ConfigureAwait(false);
            return Serve(connection);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The client has gone; or it is an odd socket, since who pushes one chooses it.
            connection?.Dispose();
            ListenerLog.NotServed(_logger, _endPoint, e);
            return null;
        }
    }

    private FlowerConnectionContext Serve(Connection connection)
    {
        // What the switchboard may shut down must be shut down at its end, even where Kestrel only closes its socket: so that
        // has one of its own.
        Socket socket = connection.IsRevocable
            ? new(Rpc.Interop.Descriptor.FromSocket(connection.Socket).ToSocketHandle())
            : connection.Socket;
        try
        {
            if (socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
            {
                // As Kestrel's own listener does.
                socket.NoDelay = true;
            }

            return new(_contexts.Create(socket), connection);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
