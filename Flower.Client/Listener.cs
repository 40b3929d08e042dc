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
/// same labels, credit and weight, and whether it drains: what was not accepted by then is void, and the enumeration goes
/// on.
/// </summary>
public sealed class Listener : IAsyncEnumerable<IncomingConnection>, IAsyncDisposable, IOfferBoard<ServerStartResponse>
{
    // Beyond what was granted unseen: clients whose labels wait here until their deadline. More would only wait in
    // vain.
    private const int MaxWaiting = 1024;

    private static readonly TargetContract<ServerStartRequest, ServerStartResponse> Contract = new(
        session => session.TargetInvoker.AsyncDuplexStreamingCall(BoardMethods.ServerStart, null, default),
        start => new() { Start = start },
        answer => new() { Answer = answer },
        update => new() { Update = update },
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

    /// <summary>How much it takes compared with others, as it says itself: an operator may have set something else.</summary>
    public int Weight => _registration.Report.Weight;

    /// <summary>It takes no new connections, as it says itself.</summary>
    public bool IsDraining => _registration.Report.IsDraining;

    /// <summary>
    /// How many connections it has, as clients who balance by that see it: those that were accepted and neither disposed
    /// of nor taken by <see cref="Connection.TakeDescriptor"/>, and those of <see cref="CountConnection"/>.
    /// </summary>
    public int OpenConnections => _registration.Report.OpenConnections;

    /// <summary>
    /// Says how much it takes, or that it takes no new connections, or that it does again. Connections that it has are left
    /// alone; those that were offered already may still come. Ends when that was sent; while the switchboard is away, at
    /// once, since it is registered again like that.
    /// </summary>
    /// <param name="weight">How much it takes compared with others, 0 to 65,535: with 0 it is picked only where there is no
    /// other. Null: as before.</param>
    /// <param name="draining">Whether it takes no new connections. Null: as before.</param>
    public Task UpdateAsync(int? weight = null, bool? draining = null) =>
        _registration.Report.UpdateAsync(TargetState.Check(weight), draining);

    /// <summary>
    /// Counts one more open connection until the result is disposed of: for a connection that goes on elsewhere, since its
    /// descriptor was taken.
    /// </summary>
    public IDisposable CountConnection() => new OpenCount(_registration.Report);

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
            await connection.TryRejectAsync("the server is ending", true, Failures.Ended(null)).ConfigureAwait(false);
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

    ValueTask IOfferBoard<ServerStartResponse>.HandleAsync(ServerStartResponse response, OfferOrigin origin)
    {
        switch (response.KindCase)
        {
            case ServerStartResponse.KindOneofCase.Offer:
                return OfferAsync(response.Offer, origin);
            case ServerStartResponse.KindOneofCase.Delivery:
                Descriptor? socket = response.Delivery.Socket?.Handle as Descriptor;
                if (!_open.TryGetValue(response.Delivery.ConnectionId, out IncomingConnection? taken)
                    || !taken.Deliver(socket))
                {
                    socket?.Dispose();
                }

                return default;
            case ServerStartResponse.KindOneofCase.Withdrawal:
                return _open.TryGetValue(response.Withdrawal.ConnectionId, out IncomingConnection? gone)
                    ? gone.WithdrawAsync()
                    : default;
            default:
                return default;
        }
    }

    private ValueTask OfferAsync(Offer offer, OfferOrigin origin)
    {
        var connection = new IncomingConnection(
            this,
            origin,
            offer.ConnectionId,
            new(offer.EncodedLabels, offer.Labels),
            offer.Socket?.Handle as Descriptor,
            offer.Socket is not null,
            offer.TraceParent);
        _open[offer.ConnectionId] = connection;
        if (offer.Socket is { Handle: null })
        {
            return connection.TryRejectAsync("the server has no descriptor left", overloaded: true);
        }

        if (Volatile.Read(ref _disposed) != 0)
        {
            return connection.TryRejectAsync("the server is ending", true, Failures.Ended(null));
        }

        if (_incoming.Reader.Count >= _maxWaiting)
        {
            return connection.TryRejectAsync("busy", overloaded: true);
        }

        _incoming.Writer.TryWrite(connection);
        return default;
    }
}
