// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions.Resolving;
using Grpc.Core;

namespace Flower.Switchboard.Sessions.Explaining;

/// <summary>
/// Says what a connect would be answered, by going the same way, but for the last step. On the loop. Resolvers are asked
/// only if that is wished and the connect would ask them.
/// </summary>
internal sealed class Judge(Board board, Caller caller, ExplainRequest asked)
{
    private const int MaxSteps = 16;

    // Leaves room in a packet. Labels are bounded, but a verdict may tell of those of many.
    private const int MaxVerdictBytes = 56 * 1024;

    private readonly Verdict _verdict = new();
    private readonly LabelSet _filter = Listing.FilterOf(caller, null);

    /// <summary>The request of the connect; where that is refused, the request without what it is refused for.</summary>
    /// <param name="refusal">What the connect is told.</param>
    /// <exception cref="RpcException">INVALID_ARGUMENT.</exception>
    public Request WishOf(out RpcException? refusal)
    {
        MatchingTargets.CheckTries(asked.Balance, 0);
        LabelSet given = Stating.Read(asked.Labels);
        refusal = null;
        try
        {
            SwitchboardService.Require(caller, asked.Ingress ? Rights.IngressConnect : Rights.ClientConnect);
            return Create(given);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.PermissionDenied)
        {
            refusal = e;
            IReadOnlyList<string> reserved = ReservedKeys.RefuseOutLabels(given)?.Keys ?? [];
            List<string> bad = [.. caller.Handle.OutLabels.ContradictionsWith(given), .. reserved];
            return Create(given.Where(
                key => !bad.Contains(key, StringComparer.Ordinal),
                key => !reserved.Contains(key, StringComparer.Ordinal)));
        }
    }

    /// <summary>The verdict, and the request as it would reach its target.</summary>
    /// <param name="wish">The request.</param>
    /// <param name="refusal">What it is refused with whatever is registered; null: it is not.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <exception cref="RpcException">A quota does not allow to ask resolvers.</exception>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async Task<(Verdict Verdict, Request Reached)> JudgeAsync(
        Request wish, RpcException? refusal, CancellationToken cancellationToken)
    {
        Request reached = wish;
        if (refusal is null && board.Resolvers.Find(wish, []) is [Target resolver, ..])
        {
            if (!asked.Resolve)
            {
                Add(resolver, resolver.Resolver!.QuestionOf(wish.Stated), outcome: null);
                return (Conclude(wish, Refusal.NotAsked()), wish);
            }

            (reached, refusal) = await ResolveAsync(wish, cancellationToken);
        }

        if (refusal is null)
        {
            Lookup<Target> found = board.Find(reached);
            refusal = found.IsNone ? board.NoneFor(reached)
                : found.IsSeveral && asked.Balance == Balance.None ? Refusal.Ambiguous(found, mayList: true)
                : null;
            _verdict.Waits = found.IsNone && asked.Wait;
        }

        return (Conclude(reached, refusal), reached);
    }

    private Request Create(LabelSet given) => Request.Create(
        caller,
        given.ToMessage(),
        SwitchboardService.IsRelatedOnly(asked.RelatedOnly, asked.Wait, asked.Balance),
        revocable: false,
        asked.Ingress,
        asked.Relay,
        isExplained: true);

    private async Task<(Request Reached, RpcException? Refusal)> ResolveAsync(
        Request wish, CancellationToken cancellationToken)
    {
        if (board.Handles.Quotas.TryAdd(caller.Node, caller.Credentials, QuotaKind.ConnectsPerSecond) is string exhausted)
        {
            throw Refusal.OverQuota(exhausted);
        }

        // Whose turn it is stays as it is: nobody takes it.
        Balance balance = asked.Balance == Balance.None ? Balance.None : Balance.Weighted;
        var targets = new NamedTargets(board, wish, balance, maxTries: 1, wait: false) { OnAsked = Add };
        try
        {
            return ((await targets.NextAsync(cancellationToken))!.Wish, null);
        }
        catch (RpcException e)
        {
            _verdict.Waits = asked.Wait && targets.WouldWait;
            return (targets.Reached, e);
        }
    }

    // A null outcome: it was not asked.
    private void Add(Target resolver, LabelSet question, ResolverOutcome? outcome)
    {
        if (_verdict.Steps.Count == MaxSteps)
        {
            return;
        }

        var step = new ResolverStep
        {
            Question = { question.ToMessage().Labels_ },
            Asked = outcome is not null,
            Found = outcome is ResolverOutcome.Found found ? (uint)found.Targets.Length : 0,
            Failure = outcome switch
            {
                ResolverOutcome.Failed failed => failed.Reason,
                ResolverOutcome.Gone => "it went away",
                ResolverOutcome.Silent => "it did not answer in time",
                ResolverOutcome.Busy => "it has as many questions as a resolver may have",
                _ => "",
            },
        };
        if (TargetDirectory<Target>.IsListed(resolver.Indexed, _filter))
        {
            step.Resolver.Add(Listing.LabelsOf(resolver, caller.Handle));
        }

        _verdict.Steps.Add(step);
    }

    private Verdict Conclude(Request reached, RpcException? refusal)
    {
        _verdict.Labels = reached.Stated.ToMessage();
        if (refusal is not null)
        {
            _verdict.Code = (int)refusal.StatusCode;
            _verdict.Message = refusal.Status.Detail;
            _verdict.Detail = Refusal.DetailOf(refusal);
        }

        while (_verdict.Steps.Count > 0 && _verdict.CalculateSize() > MaxVerdictBytes)
        {
            _verdict.Steps.RemoveAt(_verdict.Steps.Count - 1);
        }

        return _verdict;
    }
}
