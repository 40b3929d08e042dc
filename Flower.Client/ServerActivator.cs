// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using System.Threading.Channels;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>
/// A registered activator: it holds a name, and is asked for a server when somebody wants to be connected and none is
/// there. The server is to be registered over a handle that was made by
/// <see cref="Handle.ConstrainToDescriptorAsync"/> from the activator's; then whoever waits is given to it, in the order
/// of arrival. Enumerated by one reader; requests may be answered from any thread. Disposing it ends the registration and
/// fails what waits. When the switchboard goes away and comes back, it is registered again by itself.
/// </summary>
public sealed class ServerActivator : IAsyncEnumerable<ActivationRequest>, IAsyncDisposable, IOfferBoard<ServerStartResponse>
{
    private static readonly TargetContract<ServerStartRequest, ServerStartResponse> Contract = new(
        session => session.TargetInvoker.AsyncDuplexStreamingCall(BoardMethods.ServerStart, null, default),
        start => new() { Start = start },
        answer => new() { Answer = answer },
        update => new() { Update = update },
        response => response.Started);

    private readonly Registration<ServerStartRequest, ServerStartResponse> _registration;
    private readonly ConcurrentDictionary<ulong, ActivationRequest> _open = new();
    private readonly Channel<ActivationRequest> _requests = Channel.CreateUnbounded<ActivationRequest>();
    private volatile ConnectionLabels _labels;
    private int _disposed;

    private ServerActivator(Registration<ServerStartRequest, ServerStartResponse> registration)
    {
        _registration = registration;
        _labels = new(registration.Started.Labels);
        registration.Run(this);
    }

    /// <summary>The labels of the registration, as others see them.</summary>
    public ConnectionLabels Labels => _labels;

    /// <summary>The requests, until the activator is disposed. There is one at a time, unless the board was replaced.</summary>
    /// <exception cref="FlowerException">The registration ended: the switchboard ended it, or stayed away for longer than
    /// the handle waits, or refused it when it came back.</exception>
    public async IAsyncEnumerator<ActivationRequest> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        // Not ReadAllAsync, which takes a reader on an event loop over the thread pool.
        while (_requests.Reader.TryRead(out ActivationRequest? request)
            || await _requests.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(true))
        {
            if (request is { Cancelled.IsCancellationRequested: false })
            {
                yield return request;
            }
        }
    }

    /// <summary>Ends the registration.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _registration.DisposeAsync().ConfigureAwait(false);
        }
    }

    internal static async Task<ServerActivator> StartAsync(
        SessionKeeper keeper, TargetStart start, CancellationToken cancellationToken) =>
        new(await Registration<ServerStartRequest, ServerStartResponse>.StartAsync(
            keeper, Contract, start, cancellationToken).ConfigureAwait(false));

    // Its number may be another one's by now.
    internal void Forget(ulong id, ActivationRequest request) => _open.TryRemove(new(id, request));

    void IOfferBoard<ServerStartResponse>.Renew(TargetStarted started) => _labels = new(started.Labels);

    void IOfferBoard<ServerStartResponse>.Void(Exception why)
    {
        foreach (ActivationRequest request in _open.Values)
        {
            request.Cancel();
        }

        _open.Clear();
    }

    void IOfferBoard<ServerStartResponse>.End(Exception? why) => _requests.Writer.TryComplete(why);

    ValueTask IOfferBoard<ServerStartResponse>.HandleAsync(ServerStartResponse response, OfferOrigin origin)
    {
        if (response.Withdrawal is { } withdrawal)
        {
            if (_open.TryRemove(withdrawal.ConnectionId, out ActivationRequest? gone))
            {
                gone.Cancel();
            }
        }
        else if (response.Offer is { } offer)
        {
            var request = new ActivationRequest(this, origin, offer.ConnectionId, new(offer.EncodedLabels, offer.Labels));
            _open[offer.ConnectionId] = request;
            _requests.Writer.TryWrite(request);
        }

        return default;
    }
}
