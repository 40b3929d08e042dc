// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using System.Threading.Channels;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;

namespace Flower.Client;

/// <summary>
/// A registered server: the connections that clients make to it, each to accept or to reject. Enumerated by one reader;
/// connections may be answered from any thread. Disposing it ends the registration and rejects what is unanswered;
/// accepted connections live on. When the switchboard goes away and comes back, it is registered again by itself, with the
/// same labels and credit: what was not accepted by then is void, and the enumeration goes on.
/// </summary>
public sealed class Listener : IAsyncEnumerable<IncomingConnection>, IAsyncDisposable, IOfferBoard<ServerStartResponse>
{
    // Beyond what was granted unseen: clients whose labels wait here until their deadline. More would only wait in
    // vain.
    private const int MaxWaiting = 1024;

    private static readonly TargetContract<ServerStartRequest, ServerStartResponse> Contract = new(
        stub => stub.ServerStart(cancellationToken: CancellationToken.None),
        start => new() { Start = start },
        answer => new() { Answer = answer },
        response => response.Started);

    private readonly Registration<ServerStartRequest, ServerStartResponse> _registration;
    private readonly ConcurrentDictionary<ulong, IncomingConnection> _open = new();
    private readonly Channel<IncomingConnection> _incoming = Channel.CreateUnbounded<IncomingConnection>();
    private readonly int _maxWaiting;
    private volatile ConnectionLabels _labels;
    private int _disposed;

    private Listener(Registration<ServerStartRequest, ServerStartResponse> registration, int credit)
    {
        _registration = registration;
        _maxWaiting = MaxWaiting + credit;
        _labels = new(registration.Started.Labels);
        registration.Run(this);
    }

    /// <summary>The labels of the registration, as others see them.</summary>
    public ConnectionLabels Labels => _labels;

    /// <summary>The connections, until the listener is disposed.</summary>
    /// <exception cref="FlowerException">The registration ended: the switchboard ended it, or stayed away for longer than
    /// the handle waits, or refused it when it came back.</exception>
    public async IAsyncEnumerator<IncomingConnection> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        // Not ReadAllAsync, which takes a reader on an event loop over the thread pool.
        while (_incoming.Reader.TryRead(out IncomingConnection? connection)
            || await _incoming.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(true))
        {
            if (connection is null)
            {
                continue;
            }

            if (!connection.IsWithdrawn)
            {
                yield return connection;
            }
        }
    }

    /// <summary>Ends the registration.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        foreach (IncomingConnection connection in _open.Values)
        {
            await connection.TryRejectAsync("the server is ending", Failures.Ended(null)).ConfigureAwait(false);
        }

        await _registration.DisposeAsync().ConfigureAwait(false);
    }

    internal static async Task<Listener> StartAsync(
        SessionKeeper keeper, TargetStart start, CancellationToken cancellationToken) =>
        new(
            await Registration<ServerStartRequest, ServerStartResponse>.StartAsync(
                keeper, Contract, start, cancellationToken).ConfigureAwait(false),
            (int)start.Credit);

    // Its number may be another one's by now.
    internal void Forget(ulong id, IncomingConnection connection) => _open.TryRemove(new(id, connection));

    void IOfferBoard<ServerStartResponse>.Renew(TargetStarted started) => _labels = new(started.Labels);

    // What waits to be enumerated is void too, and makes room: only this reader adds to it.
    void IOfferBoard<ServerStartResponse>.Void(Exception why)
    {
        foreach (IncomingConnection connection in _open.Values)
        {
            connection.End(why);
        }

        while (_incoming.Reader.TryRead(out _))
        {
        }
    }

    void IOfferBoard<ServerStartResponse>.End(Exception? why) => _incoming.Writer.TryComplete(why);

    async ValueTask IOfferBoard<ServerStartResponse>.HandleAsync(ServerStartResponse response, OfferOrigin origin)
    {
        switch (response.KindCase)
        {
            case ServerStartResponse.KindOneofCase.Offer:
                await OfferAsync(response.Offer, origin).ConfigureAwait(false);
                break;
            case ServerStartResponse.KindOneofCase.Delivery:
                Descriptor? socket = response.Delivery.Socket?.Handle as Descriptor;
                if (!_open.TryGetValue(response.Delivery.ConnectionId, out IncomingConnection? taken)
                    || !taken.Deliver(socket))
                {
                    socket?.Dispose();
                }

                break;
            case ServerStartResponse.KindOneofCase.Withdrawal:
                if (_open.TryGetValue(response.Withdrawal.ConnectionId, out IncomingConnection? gone))
                {
                    await gone.WithdrawAsync().ConfigureAwait(false);
                }

                break;
        }
    }

    private async ValueTask OfferAsync(Offer offer, OfferOrigin origin)
    {
        var connection = new IncomingConnection(
            this,
            origin,
            offer.ConnectionId,
            new(offer.Labels),
            offer.Socket?.Handle as Descriptor,
            offer.Socket is not null);
        _open[offer.ConnectionId] = connection;
        if (offer.Socket is { Handle: null })
        {
            await connection.TryRejectAsync("the server has no descriptor left").ConfigureAwait(false);
        }
        else if (Volatile.Read(ref _disposed) != 0)
        {
            await connection.TryRejectAsync("the server is ending", Failures.Ended(null)).ConfigureAwait(false);
        }
        else if (_incoming.Reader.Count >= _maxWaiting)
        {
            await connection.TryRejectAsync("busy").ConfigureAwait(false);
        }
        else
        {
            _incoming.Writer.TryWrite(connection);
        }
    }
}
