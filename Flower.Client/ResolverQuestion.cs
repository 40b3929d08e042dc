// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>
/// A question: what do these labels stand for? The answer is for all who ask it. Answer it once; disposing it unanswered
/// fails it. Thread-safe.
/// </summary>
public sealed class ResolverQuestion : IAsyncDisposable
{
    // Parts of an answer, so that each fits into a packet with others.
    private const int MaxPart = 32 * 1024;

    private static readonly TimeSpan NegativeTimeToLive = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestTimeToLive = TimeSpan.FromDays(1);

    private readonly Resolver _resolver;
    private readonly TargetCall<ResolverStartRequest, ResolverStartResponse> _stream;
    private readonly int _epoch;
    private readonly ulong _id;
    private readonly CancellationTokenSource _cancelled = new();
    private int _answered;

    internal ResolverQuestion(Resolver resolver, OfferOrigin origin, Question question)
    {
        _resolver = resolver;
        _stream = (TargetCall<ResolverStartRequest, ResolverStartResponse>)origin.Stream;
        _epoch = origin.Epoch;
        _id = question.Id;
        Labels = LabelSet.Create(question.Labels.Select(l => KeyValuePair.Create(l.Key, l.Value)));
    }

    /// <summary>The labels of the request whose keys the resolver translates.</summary>
    public LabelSet Labels { get; }

    /// <summary>Nobody waits for the answer any longer, or the switchboard has gone.</summary>
    public CancellationToken Cancelled => _cancelled.Token;

    /// <summary>Says what the labels stand for.</summary>
    /// <param name="targets">At most 1,000. None: the name does not exist.</param>
    /// <param name="timeToLive">How long the answer holds, at most a day, and 30 s if there are no targets; zero: for those
    /// who wait for it now.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">The registration has ended, or the question is void.</exception>
    /// <exception cref="InvalidOperationException">It was answered before.</exception>
    public async Task AnswerAsync(
        IReadOnlyCollection<ResolvedTarget> targets, TimeSpan timeToLive, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentOutOfRangeException.ThrowIfLessThan(timeToLive, TimeSpan.Zero);
        Take();
        TimeSpan holds = timeToLive < LongestTimeToLive ? timeToLive : LongestTimeToLive;
        var part = new Resolution { QuestionId = _id, TimeToLiveMs = (uint)holds.TotalMilliseconds };
        int size = 0;
        foreach (ResolvedTarget target in targets)
        {
            Resolved resolved = ToMessage(target);
            int bytes = resolved.CalculateSize();
            if (size + bytes > MaxPart && part.Targets.Count > 0)
            {
                part.More = true;
                await SendAsync(part, cancellationToken).ConfigureAwait(false);
                part = new Resolution { QuestionId = _id, TimeToLiveMs = part.TimeToLiveMs };
                size = 0;
            }

            part.Targets.Add(resolved);
            size += bytes;
        }

        await SendAsync(part, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says that the name does not exist.</summary>
    /// <param name="timeToLive">How long that holds, at most 30 s; null: 5 s.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">The registration has ended, or the question is void.</exception>
    /// <exception cref="InvalidOperationException">It was answered before.</exception>
    public Task NoSuchNameAsync(TimeSpan? timeToLive = null, CancellationToken cancellationToken = default) =>
        AnswerAsync([], timeToLive ?? NegativeTimeToLive, cancellationToken);

    /// <summary>Says that the question cannot be answered at the moment.</summary>
    /// <param name="reason">Why, in words: "the DNS server 192.0.2.53 does not answer".</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">The registration has ended, or the question is void.</exception>
    /// <exception cref="InvalidOperationException">It was answered before.</exception>
    public Task FailAsync(string reason, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        Take();
        return SendAsync(new() { QuestionId = _id, Failure = reason }, cancellationToken);
    }

    /// <summary>Fails the question, if it has not been answered.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Volatile.Read(ref _answered) == 0 && !_cancelled.IsCancellationRequested)
        {
            try
            {
                await FailAsync("the resolver is busy, or is ending").ConfigureAwait(false);
            }
            catch (Exception e) when (e is FlowerException or InvalidOperationException)
            {
                // The registration has ended, which fails it as well; or it was answered meanwhile.
            }
        }
    }

    // On the loop, which does not wait for those who are told.
    internal void Cancel() => _ = _cancelled.CancelAsync();

    private static Resolved ToMessage(ResolvedTarget target)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(target.Priority);
        ArgumentOutOfRangeException.ThrowIfNegative(target.Weight);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(target.Weight, ushort.MaxValue);
        return new()
        {
            Labels = target.Labels.ToMessage(),
            Priority = (uint)target.Priority,
            Weight = (uint)target.Weight,
        };
    }

    private void Take()
    {
        if (Interlocked.Exchange(ref _answered, 1) != 0)
        {
            throw new InvalidOperationException("the question was answered before");
        }
    }

    private Task SendAsync(Resolution resolution, CancellationToken cancellationToken)
    {
        if (!resolution.More)
        {
            _resolver.Forget(_id, this);
        }

        return _stream.SendAsync(new() { Resolution = resolution }, _epoch, cancellationToken);
    }
}
