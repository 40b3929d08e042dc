// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using System.Threading.Channels;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>
/// A registered resolver: the questions what labels stand for. Enumerated by one reader; questions may be answered from any
/// thread. Disposing it ends the registration and fails what is unanswered. When the switchboard goes away and comes back,
/// it is registered again by itself, with the same labels: what was unanswered by then is void, and the enumeration goes
/// on.
/// </summary>
public sealed class Resolver : IAsyncEnumerable<ResolverQuestion>, IAsyncDisposable, IOfferBoard<ResolverStartResponse>
{
    private const int MaxWaiting = 1024;

    private readonly Registration<ResolverStartRequest, ResolverStartResponse> _registration;
    private readonly ConcurrentDictionary<ulong, ResolverQuestion> _open = new();
    private readonly Channel<ResolverQuestion> _questions = Channel.CreateUnbounded<ResolverQuestion>();
    private volatile ConnectionLabels _labels;
    private int _disposed;

    private Resolver(Registration<ResolverStartRequest, ResolverStartResponse> registration)
    {
        _registration = registration;
        _labels = new(registration.Started.Labels);
        registration.Run(this);
    }

    /// <summary>The labels of the registration, as others see them.</summary>
    public ConnectionLabels Labels => _labels;

    /// <summary>The questions, until the resolver is disposed.</summary>
    /// <exception cref="FlowerException">The registration ended: the switchboard ended it, or stayed away for longer than
    /// the handle waits, or refused it when it came back.</exception>
    public async IAsyncEnumerator<ResolverQuestion> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        // Not ReadAllAsync, which takes a reader on an event loop over the thread pool.
        while (_questions.Reader.TryRead(out ResolverQuestion? question)
            || await _questions.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(true))
        {
            if (question is { Cancelled.IsCancellationRequested: false })
            {
                yield return question;
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

        foreach (ResolverQuestion question in _open.Values)
        {
            await question.DisposeAsync().ConfigureAwait(false);
        }

        await _registration.DisposeAsync().ConfigureAwait(false);
    }

    internal static async Task<Resolver> StartAsync(
        SessionKeeper keeper, ResolverStart start, CancellationToken cancellationToken)
    {
        var contract = new TargetContract<ResolverStartRequest, ResolverStartResponse>(
            session => session.Inline.ResolverStart(cancellationToken: CancellationToken.None),
            _ => new() { Start = start },
            _ => throw new InvalidOperationException("a resolver takes no connections"),
            Update: null,
            response => response.Started);
        var nothing = new TargetStart { State = new() };
        return new(await Registration<ResolverStartRequest, ResolverStartResponse>.StartAsync(
            keeper, contract, nothing, cancellationToken).ConfigureAwait(false));
    }

    // Its number may be another one's by now.
    internal void Forget(ulong id, ResolverQuestion question) => _open.TryRemove(new(id, question));

    void IOfferBoard<ResolverStartResponse>.Renew(TargetStarted started) => _labels = new(started.Labels);

    // What waits to be enumerated is void too, and makes room: only this reader adds to it.
    void IOfferBoard<ResolverStartResponse>.Void(Exception why)
    {
        foreach (ResolverQuestion question in _open.Values)
        {
            question.Cancel();
        }

        _open.Clear();
        while (_questions.Reader.TryRead(out _))
        {
        }
    }

    void IOfferBoard<ResolverStartResponse>.End(Exception? why) => _questions.Writer.TryComplete(why);

    async ValueTask IOfferBoard<ResolverStartResponse>.HandleAsync(ResolverStartResponse response, OfferOrigin origin)
    {
        if (response.Withdrawal is { } withdrawal)
        {
            if (_open.TryRemove(withdrawal.QuestionId, out ResolverQuestion? gone))
            {
                gone.Cancel();
            }
        }
        else if (response.Question is { } asked)
        {
            var question = new ResolverQuestion(this, origin, asked);
            _open[asked.Id] = question;
            if (_questions.Reader.Count >= MaxWaiting || Volatile.Read(ref _disposed) != 0)
            {
                await question.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                _questions.Writer.TryWrite(question);
            }
        }
    }
}
