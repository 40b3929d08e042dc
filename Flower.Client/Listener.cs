// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using System.Threading.Channels;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;

namespace Flower.Client;

/// <summary>
/// A registered server: the connections that clients make to it, each to accept or to reject. Enumerated by one reader;
/// connections may be answered from any thread. Disposing it ends the registration and rejects what is unanswered;
/// accepted connections live on.
/// </summary>
public sealed class Listener : IAsyncEnumerable<IncomingConnection>, IAsyncDisposable
{
    // Beyond what was granted unseen: clients whose labels wait here until their deadline. More would only wait in
    // vain.
    private const int MaxWaiting = 1024;

    private readonly TargetCall<ServerStartRequest, ServerStartResponse> _call;
    private readonly ConcurrentDictionary<ulong, IncomingConnection> _open = new();
    private readonly Channel<IncomingConnection> _incoming = Channel.CreateUnbounded<IncomingConnection>();
    private readonly int _maxWaiting;
    private readonly Task _reader;
    private int _disposed;

    private Listener(
        TargetCall<ServerStartRequest, ServerStartResponse> call, TargetStarted started, int credit)
    {
        _call = call;
        _maxWaiting = MaxWaiting + credit;
        Labels = new(started.Labels);
        _reader = PumpAsync();
    }

    /// <summary>The labels of the registration, as others see them.</summary>
    public ConnectionLabels Labels { get; }

    /// <summary>The connections, until the listener is disposed.</summary>
    /// <exception cref="FlowerException">The registration ended: the switchboard went away, or ended it.</exception>
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

        await _call.CloseAsync(_reader).ConfigureAwait(false);
    }

    internal static async Task<Listener> StartAsync(
        Switchboard.SwitchboardClient stub, TargetStart start, CancellationToken cancellationToken)
    {
        var call = new TargetCall<ServerStartRequest, ServerStartResponse>(
            stub.ServerStart(cancellationToken: CancellationToken.None), answer => new() { Answer = answer });
        try
        {
            ServerStartResponse first =
                await call.StartAsync(new() { Start = start }, cancellationToken).ConfigureAwait(false);
            await LoopExit.TakeAsync();
            return new(call, first.Started ?? throw Failures.Broken("registration"), (int)start.Credit);
        }
        catch
        {
            await call.DisposeAsync().ConfigureAwait(false);
            await LoopExit.TakeAsync();
            throw;
        }
    }

    internal async Task AnswerAsync(Answer answer, CancellationToken cancellationToken) =>
        await _call.AnswerAsync(answer, cancellationToken).ConfigureAwait(false);

    internal void Forget(ulong id) => _open.TryRemove(id, out _);

    // Runs on the loop, as its call is an inline one. Never faults: how the stream ended is told to those who wait for
    // something from it.
    private async Task PumpAsync()
    {
        Exception? why = null;
        try
        {
            while (await _call.ReadAsync().ConfigureAwait(false) is { } response)
            {
                await HandleAsync(response).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            why = Failures.FromCall(e, CancellationToken.None);
        }

        foreach (IncomingConnection connection in _open.Values)
        {
            connection.End(Failures.Ended(why));
        }

        _incoming.Writer.TryComplete(Volatile.Read(ref _disposed) == 0 ? Failures.Ended(why) : null);
        await LoopExit.TakeAsync();
    }

    private async ValueTask HandleAsync(ServerStartResponse response)
    {
        switch (response.KindCase)
        {
            case ServerStartResponse.KindOneofCase.Offer:
                await OfferAsync(response.Offer).ConfigureAwait(false);
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

    private async ValueTask OfferAsync(Offer offer)
    {
        var connection = new IncomingConnection(
            this, offer.ConnectionId, new(offer.Labels), offer.Socket?.Handle as Descriptor, offer.Socket is not null);
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
