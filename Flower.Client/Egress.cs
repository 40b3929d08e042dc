// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using System.Threading.Channels;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>
/// A registered egress: the connections that clients want made. Enumerated by one reader; requests may be answered from
/// any thread. Disposing it ends the registration and fails what is unanswered. When the switchboard goes away and comes
/// back, it is registered again by itself, with the same labels: what was unanswered by then is void, and the enumeration
/// goes on.
/// </summary>
public sealed class Egress : IAsyncEnumerable<EgressRequest>, IAsyncDisposable, IOfferBoard<EgressStartResponse>
{
    private const int MaxWaiting = 1024;

    private static readonly TargetContract<EgressStartRequest, EgressStartResponse> Contract = new(
        session => session.TargetInvoker.AsyncDuplexStreamingCall(BoardMethods.EgressStart, null, default),
        start => new() { Start = start },
        answer => new() { Answer = answer },
        update => new() { Update = update },
        response => response.Started);

    private readonly Registration<EgressStartRequest, EgressStartResponse> _registration;
    private readonly ConcurrentDictionary<ulong, EgressRequest> _open = new();
    private readonly Channel<EgressRequest> _requests = Channel.CreateUnbounded<EgressRequest>();
    private volatile ConnectionLabels _labels;
    private int _disposed;

    private Egress(Registration<EgressStartRequest, EgressStartResponse> registration)
    {
        _registration = registration;
        _labels = new(registration.Started.Labels);
        registration.Run(this);
    }

    /// <summary>The labels of the registration, as others see them.</summary>
    public ConnectionLabels Labels => _labels;

    /// <summary>How much it takes compared with others, as it says itself: an operator may have set something else.</summary>
    public int Weight => _registration.Report.Weight;

    /// <summary>It takes no new requests, as it says itself.</summary>
    public bool IsDraining => _registration.Report.IsDraining;

    /// <summary>As <see cref="Listener.UpdateAsync"/>.</summary>
    /// <param name="weight">How much it takes compared with others, 0 to 65,535. Null: as before.</param>
    /// <param name="draining">Whether it takes no new requests. Null: as before.</param>
    public Task UpdateAsync(int? weight = null, bool? draining = null) =>
        _registration.Report.UpdateAsync(TargetState.Check(weight), draining);

    /// <summary>The requests, until the egress is disposed.</summary>
    /// <exception cref="FlowerException">The registration ended: the switchboard ended it, or stayed away for longer than
    /// the handle waits, or refused it when it came back.</exception>
    public async IAsyncEnumerator<EgressRequest> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        // Not ReadAllAsync, which takes a reader on an event loop over the thread pool.
        while (_requests.Reader.TryRead(out EgressRequest? request)
            || await _requests.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(true))
        {
            if (request is null)
            {
                continue;
            }

            if (!request.Cancelled.IsCancellationRequested)
            {
                yield return request;
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

        foreach (EgressRequest request in _open.Values)
        {
            await request.EndAsync().ConfigureAwait(false);
        }

        await _registration.DisposeAsync().ConfigureAwait(false);
    }

    internal static async Task<Egress> StartAsync(
        SessionKeeper keeper, TargetStart start, CancellationToken cancellationToken) =>
        new(await Registration<EgressStartRequest, EgressStartResponse>.StartAsync(
            keeper, Contract, start, cancellationToken).ConfigureAwait(false));

    // Its number may be another one's by now.
    internal void Forget(ulong id, EgressRequest request) => _open.TryRemove(new(id, request));

    void IOfferBoard<EgressStartResponse>.Renew(TargetStarted started) => _labels = new(started.Labels);

    // What waits to be enumerated is void too, and makes room: only this reader adds to it.
    void IOfferBoard<EgressStartResponse>.Void(Exception why)
    {
        foreach (EgressRequest request in _open.Values)
        {
            request.Cancel();
        }

        _open.Clear();
        while (_requests.Reader.TryRead(out _))
        {
        }
    }

    void IOfferBoard<EgressStartResponse>.End(Exception? why) => _requests.Writer.TryComplete(why);

    async ValueTask IOfferBoard<EgressStartResponse>.HandleAsync(EgressStartResponse response, OfferOrigin origin)
    {
        if (response.Withdrawal is { } withdrawal)
        {
            if (_open.TryRemove(withdrawal.ConnectionId, out EgressRequest? gone))
            {
                gone.Cancel();
            }
        }
        else if (response.Offer is { } offer)
        {
            var request = new EgressRequest(this, origin, offer.ConnectionId, new(offer.EncodedLabels, offer.Labels));
            _open[offer.ConnectionId] = request;
            if (_requests.Reader.Count >= MaxWaiting || Volatile.Read(ref _disposed) != 0)
            {
                await request.EndAsync().ConfigureAwait(false);
            }
            else
            {
                _requests.Writer.TryWrite(request);
            }
        }
    }
}
