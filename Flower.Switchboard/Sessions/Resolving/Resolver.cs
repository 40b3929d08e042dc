// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Transport;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions.Resolving;

/// <summary>
/// What makes a target a resolver: the questions that it has not answered, and its answers for as long as they hold. On
/// the loop. Lives as long as its stream. Whoever asks the same at the same time waits for the same answer.
/// </summary>
/// <param name="keys">The keys that it translates, sorted.</param>
/// <param name="stream">Where it is asked.</param>
/// <param name="deadlines">How long it has to answer.</param>
/// <param name="pinned">The out-labels of its handle, which it cannot send anybody past.</param>
/// <param name="clock">Milliseconds of a clock that never goes back.</param>
internal sealed class Resolver(
    ImmutableArray<string> keys, IResolverStream stream, DeadlineQueue deadlines, LabelSet pinned, Func<long> clock)
{
    /// <summary>The most questions without an answer.</summary>
    public const int MaxPending = 256;

    /// <summary>The most that one user has asked, unless he has no quotas.</summary>
    public const int MaxOfUser = MaxPending / 4;

    private const int MaxCached = 4096;
    private const long MaxCachedSize = 4 * 1024 * 1024;

    private readonly Dictionary<ulong, PendingQuestion> _pending = [];
    private readonly Dictionary<LabelSet, PendingQuestion> _byLabels = [];
    private readonly Shares<uint> _asked = new(MaxPending, MaxOfUser);
    private readonly AnswerCache<ResolverOutcome> _cache = new(MaxCached, MaxCachedSize);
    private readonly Withdrawals _withdrawals = new(stream.WithdrawAsync);
    private bool _gone;

    public ImmutableArray<string> Keys => keys;

    /// <summary>Of the question that was asked last.</summary>
    public ulong LastId { get; set; }

    /// <summary>It let the last deadline pass: others that match as well are asked first.</summary>
    public bool WasSilent { get; private set; }

    /// <summary>How many questions it has not answered.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>How many wait for its answers.</summary>
    public int WaiterCount => _pending.Values.Sum(pending => pending.WaiterCount);

    /// <summary>Told once: at which keys an answer contradicts the labels of the resolver's handle.</summary>
    public Action<IReadOnlyList<string>>? OnFault { get; set; }

    public bool Translates(string key) => keys.BinarySearch(key, StringComparer.Ordinal) >= 0;

    /// <summary>What it would be asked for a request that states these labels.</summary>
    public LabelSet QuestionOf(LabelSet stated) => stated.Where(Translates, static _ => false);

    /// <summary>The answer to a question: one that still holds, or one that is waited for.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="caller">Cancelled when who asks has gone.</param>
    /// <param name="user">For whom a question that nobody has asked yet counts; null: for one without quotas.</param>
    /// <exception cref="OperationCanceledException">The caller has gone. If nobody else waits, the question is withdrawn.
    /// </exception>
    public async Task<ResolverOutcome> AskAsync(LabelSet question, CancellationToken caller, uint? user = null)
    {
        if (_gone)
        {
            return new ResolverOutcome.Gone();
        }

        if (_cache.Find(question, clock()) is ResolverOutcome known)
        {
            return known;
        }

        if (!_byLabels.TryGetValue(question, out PendingQuestion? pending))
        {
            if (_byLabels.Count >= MaxPending)
            {
                return new ResolverOutcome.Busy(MaxPending);
            }

            if (user is uint uid && _asked.TryTake(uid) is int limit)
            {
                return new ResolverOutcome.Busy(limit);
            }

            pending = Begin(question, user);
        }

        if (await pending.WaitAsync(caller) is ResolverOutcome outcome)
        {
            return outcome;
        }

        if (pending.WaiterCount == 0 && pending.Outcome is null)
        {
            Forget(pending);
            TakeBack(pending);
        }

        throw new OperationCanceledException(caller);
    }

    /// <summary>Handles an answer, or a part of one.</summary>
    /// <returns>Null, or what is wrong with it; the stream then ends with that.</returns>
    public string? OnResolution(Resolution resolution)
    {
        if (resolution.QuestionId == 0 || resolution.QuestionId > LastId)
        {
            return "an answer to a question that was not asked";
        }

        if (!_pending.TryGetValue(resolution.QuestionId, out PendingQuestion? pending))
        {
            // Withdrawn meanwhile, or asked by another process.
            return null;
        }

        WasSilent = false;
        if (resolution.Failure.Length > 0)
        {
            Keep(pending, new ResolverOutcome.Failed(AnswerRules.Words(resolution.Failure)), AnswerRules.FailureMs);
            return null;
        }

        if (AnswerRules.Add(resolution, pending, pinned, out IReadOnlyList<string> contradictions) is string wrong)
        {
            return wrong;
        }

        if (contradictions.Count > 0)
        {
            OnFault?.Invoke(contradictions);
            OnFault = null;
        }

        if (!resolution.More)
        {
            (ResolverOutcome outcome, long timeToLive) = AnswerRules.Conclude(pending, resolution.TimeToLiveMs);
            Keep(pending, outcome, timeToLive);
        }

        return null;
    }

    /// <summary>The stream has ended: nobody will answer.</summary>
    public void OnGone()
    {
        _gone = true;
        foreach (PendingQuestion pending in _pending.Values.ToArray())
        {
            End(pending, new ResolverOutcome.Gone());
        }
    }

    private PendingQuestion Begin(LabelSet question, uint? user)
    {
        var pending = new PendingQuestion(++LastId, question, user);
        _pending.Add(pending.Id, pending);
        _byLabels.Add(question, pending);
        pending.Deadline = deadlines.Begin(() =>
        {
            WasSilent = true;
            End(pending, new ResolverOutcome.Silent());
            TakeBack(pending);
        });
        Send(pending);
        return pending;
    }

    private void Keep(PendingQuestion pending, ResolverOutcome outcome, long timeToLive)
    {
        _cache.Add(pending.Labels, outcome, AnswerRules.Overhead + pending.Size, clock(), timeToLive);
        End(pending, outcome);
    }

    private void End(PendingQuestion pending, ResolverOutcome outcome)
    {
        Forget(pending);
        pending.Complete(outcome);
    }

    private void Forget(PendingQuestion pending)
    {
        pending.Deadline?.Dispose();
        if (_pending.Remove(pending.Id) && pending.User is uint uid)
        {
            _asked.Return(uid);
        }

        _byLabels.Remove(pending.Labels);
    }

    // Ends when the question is sent, is not needed any more, or the stream has ended, which its handler notices.
    private async void Send(PendingQuestion pending)
    {
        try
        {
            await stream.AskAsync(pending.Id, pending.Labels, pending.Sending.Token);
            pending.IsSent = true;
        }
        catch (OperationCanceledException)
        {
            // It was never asked.
        }
    }

    private void TakeBack(PendingQuestion pending)
    {
        if (!pending.IsSent)
        {
            pending.Sending.Cancel();
        }
        else if (!_gone)
        {
            _withdrawals.Send(pending.Id);
        }
    }
}
