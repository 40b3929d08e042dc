// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;

namespace Flower.Client;

/// <summary>
/// A client that wants to be served. Answer it once; the client waits until then, or until the switchboard's accept
/// deadline (5 s unless configured otherwise). Disposing it unanswered rejects it. When the switchboard goes away first, it
/// is void: accepting it fails with UNAVAILABLE, and the client asks again. Thread-safe.
/// </summary>
public sealed class IncomingConnection : IAsyncDisposable
{
    private readonly Listener _listener;
    private readonly OfferOrigin _origin;
    private readonly ulong _id;
    private readonly bool _unseen;
    // Null: the socket has come.
    private readonly TaskCompletionSource<Descriptor>? _delivery;
    private readonly Lock _lock = new();
    private Descriptor? _socket;
    private bool _answered;
    private Exception? _gone;

    internal IncomingConnection(
        Listener listener, OfferOrigin origin, ulong id, ConnectionLabels labels, Descriptor? socket, bool unseen,
        string traceParent)
    {
        TraceParent = traceParent;
        _listener = listener;
        _origin = origin;
        _id = id;
        _socket = socket;
        _unseen = unseen;
        _delivery = socket is null ? new(TaskCreationOptions.RunContinuationsAsynchronously) : null;
        Labels = labels;
    }

    /// <summary>The union of both sides' labels.</summary>
    public ConnectionLabels Labels { get; }

    /// <summary>The trace that the connect is a part of (traceparent of W3C Trace Context); empty: none.</summary>
    public string TraceParent { get; }

    internal bool IsWithdrawn
    {
        get
        {
            lock (_lock)
            {
                return _gone is not null;
            }
        }
    }

    // An answer to a connection that came unseen gives the credit back that it took.
    private uint Credit => _unseen ? 1u : 0u;

    /// <summary>Takes the connection.</summary>
    /// <exception cref="FlowerException">The client has gone (CANCELLED), or the registration or the switchboard
    /// (UNAVAILABLE).</exception>
    /// <exception cref="InvalidOperationException">It was answered before.</exception>
    public async Task<Connection> AcceptAsync(CancellationToken cancellationToken = default)
    {
        Descriptor? socket = Answered();
        using Activity? span = ConnectTrace.BeginAccept(TraceParent);
        IDisposable? count = null;
        try
        {
            await _origin.AnswerAsync(
                new() { ConnectionId = _id, Accept = new(), Credit = Credit }, cancellationToken).ConfigureAwait(false);
            // Not before: what the switchboard is told of comes after the answer.
            count = _listener.CountConnection();
            socket ??= await _delivery!.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return new(socket, Labels, count);
        }
        catch
        {
            count?.Dispose();
            socket?.Dispose();
            Abandon();
            throw;
        }
        finally
        {
            _listener.Forget(_id, this);
        }
    }

    /// <summary>Refuses the connection.</summary>
    /// <param name="reason">What the client is told.</param>
    /// <param name="overloaded">There is too much to do at the moment: a client that balances is given another
    /// server.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">The client has gone (CANCELLED), or the registration or the switchboard
    /// (UNAVAILABLE).</exception>
    /// <exception cref="InvalidOperationException">It was answered before.</exception>
    public async Task RejectAsync(
        string reason, bool overloaded = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reason);
        Answered()?.Dispose();
        _listener.Forget(_id, this);
        await _origin.AnswerAsync(Rejection(reason, overloaded), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Rejects the connection, if it has not been answered.</summary>
    public async ValueTask DisposeAsync() => await TryRejectAsync("the server did not take it").ConfigureAwait(false);

    /// <param name="reason">What the client is told.</param>
    /// <param name="overloaded">Another server may take it.</param>
    /// <param name="ended">What an answer that comes later is told; null: that it is the second one.</param>
    internal async ValueTask TryRejectAsync(string reason, bool overloaded = false, Exception? ended = null)
    {
        Descriptor? socket;
        lock (_lock)
        {
            if (_answered || _gone is not null)
            {
                return;
            }

            _answered = true;
            _gone = ended;
            socket = _socket;
            _socket = null;
        }

        socket?.Dispose();
        _listener.Forget(_id, this);
        try
        {
            await _origin.AnswerAsync(Rejection(reason, overloaded), CancellationToken.None).ConfigureAwait(false);
        }
        catch (FlowerException)
        {
            // The registration has ended, which rejects as well.
        }
    }

    /// <summary>The socket came. False: nobody wants it any more.</summary>
    internal bool Deliver(Descriptor? socket) => _delivery is not null
        && (socket is null ? _delivery.TrySetException(Failures.Lost()) : _delivery.TrySetResult(socket));

    /// <summary>The client has gone. The credit that it took is given back.</summary>
    internal async ValueTask WithdrawAsync()
    {
        if (End(Failures.Withdrawn()) && _unseen)
        {
            try
            {
                await _origin.AnswerAsync(Rejection("withdrawn"), CancellationToken.None).ConfigureAwait(false);
            }
            catch (FlowerException)
            {
                // The registration has ended: no credit is wanted.
            }
        }
    }

    /// <summary>There will be no socket. True: it had not been answered.</summary>
    internal bool End(Exception why)
    {
        bool unanswered;
        Descriptor? socket;
        lock (_lock)
        {
            _gone ??= why;
            unanswered = !_answered;
            socket = _socket;
            _socket = null;
        }

        socket?.Dispose();
        _listener.Forget(_id, this);
        if (_delivery is not null && _delivery.TrySetException(why))
        {
            // Observed here, since nobody may ever have asked.
            _ = _delivery.Task.Exception;
        }

        return unanswered;
    }

    private Answer Rejection(string reason, bool overloaded = false) =>
        new() { ConnectionId = _id, Reject = new() { Reason = reason, Overloaded = overloaded }, Credit = Credit };

    private Descriptor? Answered()
    {
        lock (_lock)
        {
            if (_gone is not null)
            {
                throw _gone;
            }

            if (_answered)
            {
                throw new InvalidOperationException("the connection was answered before");
            }

            _answered = true;
            Descriptor? socket = _socket;
            _socket = null;
            return socket;
        }
    }

    // Accepted, but the caller no longer waits: a socket that came meanwhile is closed, one that comes later is
    // refused.
    private void Abandon()
    {
        if (_delivery is not null && !_delivery.TrySetCanceled() && _delivery.Task.IsCompletedSuccessfully)
        {
            _delivery.Task.Result.Dispose();
        }
    }
}
