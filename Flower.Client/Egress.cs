// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using System.Threading.Channels;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>
/// A registered egress: the connections that clients want made. Enumerated by one reader; requests may be answered from
/// any thread. Disposing it ends the registration and fails what is unanswered.
/// </summary>
public sealed class Egress : IAsyncEnumerable<EgressRequest>, IAsyncDisposable
{
    private const int MaxWaiting = 1024;

    private readonly TargetCall<EgressStartRequest, EgressStartResponse> _call;
    private readonly ConcurrentDictionary<ulong, EgressRequest> _open = new();
    private readonly Channel<EgressRequest> _requests = Channel.CreateUnbounded<EgressRequest>();
    private readonly Task _reader;
    private int _disposed;

    private Egress(TargetCall<EgressStartRequest, EgressStartResponse> call, TargetStarted started)
    {
        _call = call;
        Labels = new(started.Labels);
        _reader = PumpAsync();
    }

    /// <summary>The labels of the registration, as others see them.</summary>
    public ConnectionLabels Labels { get; }

    /// <summary>The requests, until the egress is disposed.</summary>
    /// <exception cref="FlowerException">The registration ended: the switchboard went away, or ended it.</exception>
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

        await _call.CloseAsync(_reader).ConfigureAwait(false);
    }

    internal static async Task<Egress> StartAsync(
        Switchboard.SwitchboardClient stub, TargetStart start, CancellationToken cancellationToken)
    {
        var call = new TargetCall<EgressStartRequest, EgressStartResponse>(
            stub.EgressStart(cancellationToken: CancellationToken.None), answer => new() { Answer = answer });
        try
        {
            EgressStartResponse first =
                await call.StartAsync(new() { Start = start }, cancellationToken).ConfigureAwait(false);
            await LoopExit.TakeAsync();
            return new(call, first.Started ?? throw Failures.Broken("registration"));
        }
        catch
        {
            await call.DisposeAsync().ConfigureAwait(false);
            await LoopExit.TakeAsync();
            throw;
        }
    }

    internal async Task AnswerAsync(Answer answer, CancellationToken cancellationToken)
    {
        _open.TryRemove(answer.ConnectionId, out _);
        await _call.AnswerAsync(answer, cancellationToken).ConfigureAwait(false);
    }

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

        foreach (EgressRequest request in _open.Values)
        {
            request.Cancel();
        }

        _open.Clear();
        _requests.Writer.TryComplete(Volatile.Read(ref _disposed) == 0 ? Failures.Ended(why) : null);
        await LoopExit.TakeAsync();
    }

    private async ValueTask HandleAsync(EgressStartResponse response)
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
            var request = new EgressRequest(this, offer.ConnectionId, new(offer.Labels));
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
