// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Grpc.Core;

namespace Flower.Switchboard.Sessions.Resolving;

/// <summary>
/// The targets of a request: those that match it, or, where it states what a resolver translates and none of them does,
/// those that match it with what its names stand for, one after another. On the loop. Names may stand for names, in turn.
/// </summary>
/// <param name="board">Where targets and resolvers are registered.</param>
/// <param name="wish">The request.</param>
/// <param name="balance">How one of several targets is picked that match equally well.</param>
/// <param name="maxTries">The most of these that are tried.</param>
/// <param name="wait">Whether it waits for a target, or for a resolver.</param>
internal sealed class NamedTargets(Board board, Request wish, Balance balance, int maxTries, bool wait) : ITargetSource
{
    // What a name stands for may be much; what one request costs is bounded.
    private const int MaxSteps = 64;
    private const int MaxResolvers = 4;
    private const int MaxAwaited = 16;

    private readonly long _place = board.TakePlace();

    // Innermost last.
    private readonly List<NameLevel> _levels = [];
    private readonly List<Request> _unmatched = [];
    private MatchingTargets? _matching;
    private NameStep? _step;
    private RpcException? _failure;
    private int _steps;
    private bool _found;

    /// <summary>Told who was asked what, and what became of it.</summary>
    public Action<Target, LabelSet, ResolverOutcome>? OnAsked { get; init; }

    /// <summary>The request with what its names stand for, as far as it has come.</summary>
    public Request Reached => _step?.Wish ?? wish;

    /// <summary>After nothing was found: whether a request that waits would wait for what its names stand for.</summary>
    public bool WouldWait => _unmatched.Count > 0 && (_failure is null || _failure.StatusCode == StatusCode.NotFound);

    // For whom its questions count.
    private uint? User => board.Handles.Quotas.Bounds(wish.Caller.Credentials.Uid) ? wish.Caller.Credentials.Uid : null;

    /// <inheritdoc/>
    public bool TriesOthers => _levels.Exists(level => level.HasMore) || _matching is { TriesOthers: true };

    /// <inheritdoc/>
    public bool MayRace => _levels.Count > 0;

    /// <inheritdoc/>
    public bool GoesOn(OfferOutcome outcome)
    {
        if (_steps == 0)
        {
            // It was another process that tried, who knows which.
            return Matching(wish, wait).GoesOn(outcome) || board.Resolvers.Find(wish, []).Count > 0;
        }

        if (_matching is not null && _matching.GoesOn(outcome))
        {
            return true;
        }

        _matching = null;
        return _levels.Count > 0;
    }

    /// <inheritdoc/>
    public async ValueTask<Candidate?> NextAsync(CancellationToken client)
    {
        if (_steps == 0)
        {
            await board.LetWaitingGoFirstAsync();
            await EnterAsync(NameStep.First(wish), client);
        }

        do
        {
            if (_matching is not null && await MatchAsync(client) is Candidate candidate)
            {
                _found = true;
                return candidate;
            }

            _matching = null;
        }
        while (await AdvanceAsync(client));

        return _found ? null : await AwaitAnyAsync(client) ?? throw _failure ?? Refusal.NotFound(wish.Stated);
    }

    private MatchingTargets Matching(Request step, bool waits) => new(board, step, _place, balance, maxTries, waits);

    // Null: the step has no target, or no other one.
    private async ValueTask<Candidate?> MatchAsync(CancellationToken client)
    {
        if (_levels.Count == 0 && wait && !_found)
        {
            Candidate? come = await board.Resolvers.UntilOneComesAsync(wish, _matching!.NextAsync, client);
            return come ?? await FromTheStartAsync(client);
        }

        try
        {
            return await _matching!.NextAsync(client);
        }
        catch (RpcException e) when (_levels.Count > 0 && IsOfTheTarget(e))
        {
            if (e.StatusCode == StatusCode.NotFound && _unmatched.Count < MaxAwaited)
            {
                _unmatched.Add(_step!.Wish);
            }

            bool isLoop = e.StatusCode == StatusCode.NotFound && !_step!.IsNew;
            Remember(isLoop ? Refusal.NamesLeadNowhere("names stand for one another", _step!.Asked, Asked()) : e);
            return null;
        }
    }

    // False: nothing is left.
    private async Task<bool> AdvanceAsync(CancellationToken client)
    {
        while (_levels.Count > 0 && _steps < MaxSteps)
        {
            NameLevel level = _levels[^1];
            if (!level.HasMore)
            {
                Leave(level);
                continue;
            }

            try
            {
                if (level.Next() is NameStep next)
                {
                    await EnterAsync(next, client);
                    return true;
                }
            }
            catch (RpcException e) when (IsOfTheTarget(e))
            {
                Remember(e);
            }
        }

        return false;
    }

    private void Leave(NameLevel level)
    {
        _levels.RemoveAt(_levels.Count - 1);
        level.Dispose();
        if (level.Contradictions is { Count: > 0 } keys)
        {
            Remember(Refusal.NothingFits(level.Question, level.Asked, keys, level.Resolver));
        }
    }

    // Either there is somebody to ask first, or the targets are those that match.
    private async Task EnterAsync(NameStep step, CancellationToken client)
    {
        _steps++;
        _step = step;
        IReadOnlyList<Target> resolvers = board.Resolvers.Find(step.Wish, step.Translated);
        if (resolvers.Count == 0)
        {
            _matching = Matching(step.Wish, wait && _levels.Count == 0);
            return;
        }

        if (step.Asked.Length >= NameStep.MaxDepth)
        {
            throw Refusal.NamesLeadNowhere(
                $"names stand for names more than {NameStep.MaxDepth} times over", step.Asked, Asked());
        }

        RpcException? failure = null;
        foreach (Target resolver in resolvers.Take(MaxResolvers))
        {
            string asked = Describe(resolver);
            LabelSet question = resolver.Resolver!.QuestionOf(step.Wish.Stated);
            ResolverOutcome outcome = await resolver.Resolver.AskAsync(question, client, User);
            OnAsked?.Invoke(resolver, question, outcome);
            if (outcome is ResolverOutcome.Found found)
            {
                _levels.Add(new(step, question, asked, resolver, found, board.Random));
                return;
            }

            // That one has no such name means less than that another could not say.
            failure = outcome is not ResolverOutcome.NoSuchName
                ? Refusal.NotResolved(outcome, question, asked, board.QuestionDeadlines.Limit, resolver)
                : failure ?? Refusal.NoSuchName(question, asked, resolver);
        }

        throw failure!;
    }

    // A resolver has come that is to be asked.
    private async ValueTask<Candidate?> FromTheStartAsync(CancellationToken client)
    {
        _matching = null;
        await EnterAsync(NameStep.First(wish), client);
        return _matching is null ? null : await MatchAsync(client);
    }

    // Names stand for what is not registered: waits for the first of it, if that is asked for and nothing else is wrong.
    private async ValueTask<Candidate?> AwaitAnyAsync(CancellationToken client)
    {
        if (!wait || !WouldWait)
        {
            return null;
        }

        Candidate? first = null;
        RpcException? failure = null;
        var over = CancellationTokenSource.CreateLinkedTokenSource(client);
        var come = new TaskCompletionSource();
        Task all = Task.WhenAll([.. _unmatched.Select(WaitAsync)]);
        _ = all.ContinueWith(
            static (_, o) => ((CancellationTokenSource)o!).Dispose(), over,
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        // At once, in its turn: the other waits end behind those who were woken after it.
        await Task.WhenAny(come.Task, all);
        client.ThrowIfCancellationRequested();
        return first ?? throw failure!;

        // Never faults.
        async Task WaitAsync(Request step)
        {
            MatchingTargets matching = Matching(step, waits: true);
            try
            {
                Candidate? come = await matching.NextAsync(over.Token);
                (first, _matching) = first is null ? (come, matching) : (first, _matching);
            }
            catch (RpcException e)
            {
                failure ??= e;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            over.Cancel();
            if (first is not null)
            {
                come.TrySetResult();
            }
        }
    }

    // That a connect is refused for what it wants is told at once; what one of its targets lacks, another may have.
    private static bool IsOfTheTarget(RpcException e) => e.StatusCode
        is StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.Unavailable or StatusCode.DeadlineExceeded
        or StatusCode.InvalidArgument;

    // What a target said is worth more than that there is none.
    private void Remember(RpcException e)
    {
        if (_failure is null || e.StatusCode != StatusCode.NotFound)
        {
            _failure = e;
        }
    }

    private IReadOnlyList<Target> Asked() => [.. _levels.Select(level => level.Resolver)];

    private string Describe(Target resolver) => (wish.Caller.Handle.Rights & Rights.List) == 0
        ? "a resolver"
        : $"resolver {resolver.Own}";
}
