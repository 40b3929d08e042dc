// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Grpc.Core;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.Sessions.Explaining;

/// <summary>
/// Tells a caller the verdict on a connect, and then of each target that it may see how it stands to that, in slices, each
/// of which is short work. On the loop. Each slice holds for the moment in which it is made.
/// </summary>
internal sealed class ExplainCall(Board board, Caller caller, ExplainRequest asked, ExplainCursor cursor)
{
    private const int SliceTargets = 64;
    private const int SliceBytes = 32 * 1024;

    /// <summary>Sends it.</summary>
    /// <param name="send">Takes a part; the cursor is ahead of what it was given.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <exception cref="RpcException">INVALID_ARGUMENT, RESOURCE_EXHAUSTED, or the right LIST is missing.</exception>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async Task RunAsync(Func<ExplainResponse, Task> send, CancellationToken cancellationToken)
    {
        SwitchboardService.Require(caller, Rights.List);
        var judge = new Judge(board, caller, asked);
        Request wish = judge.WishOf(out RpcException? refusal);
        if (!cursor.IsTold)
        {
            (Verdict verdict, Request reached) = await judge.JudgeAsync(wish, refusal, cancellationToken);
            cursor.Resolved = reached.Stated.Where(
                key => wish.Stated[key] is null, key => !wish.Stated.Requires(key) && !ReservedKeys.IsReserved(key));
            cursor.IsTold = true;
            await send(new ExplainResponse { Verdict = verdict });
        }

        wish = cursor.Resolved.IsEmpty ? wish : wish.With(cursor.Resolved, out _)!;
        LabelSet filter = Listing.FilterOf(caller, null);
        while (cursor.Next != TargetDirectory<Target>.EndOfList)
        {
            ExplainResponse slice = NextSlice(wish, filter);
            if (slice.Targets.Count > 0)
            {
                await send(slice);
            }

            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private ExplainResponse NextSlice(Request wish, LabelSet filter)
    {
        var slice = new List<Target>();
        long next = cursor.Next;
        board.List(filter, SliceTargets, slice, ref next);
        var response = new ExplainResponse();
        Explainer<Target> explainer = board.Explain(wish, asked.Balance != Balance.None);
        Lookup<Target> found = board.HasActivators ? board.Find(wish) : Lookup<Target>.None;
        int bytes = 0;
        foreach (Target target in slice.Where(t => t.Kind != TargetKind.Resolver))
        {
            ExplainedTarget explained = Describe(explainer.Explain(target), wish.Query.Stated, caller.Handle);
            if (!found.IsNone)
            {
                Adjust(explained, target, found);
            }

            bytes += explained.CalculateSize();
            if (bytes > SliceBytes && response.Targets.Count > 0)
            {
                next = cursor.Next;
                break;
            }

            response.Targets.Add(explained);
            cursor.Next = target.Registration;
        }

        cursor.Next = next;
        return response;
    }

    // Among servers and those who start them, what a request reaches is not a matter of its labels alone.
    private void Adjust(ExplainedTarget explained, Target target, Lookup<Target> found)
    {
        if (found.Targets.Contains(target))
        {
            if (target.IsActivator || asked.Balance == Balance.None)
            {
                explained.Standing = found.IsSeveral ? Standing.Equal : Standing.Best;
                explained.OutrankedBy.Clear();
            }
        }
        else if (target.IsActivator
            ? explained.Standing == Standing.Drains
            : asked.Balance == Balance.None && explained.Standing is Standing.Best or Standing.Equal)
        {
            explained.Standing = Standing.Outranked;
            explained.OutrankedBy.Clear();
            explained.OutrankedBy.Add(Listing.LabelsOf(found.Targets[0], caller.Handle));
        }
    }

    /// <summary>How a target stands to a connect, as a holder of the handle sees it.</summary>
    /// <param name="explanation">How it does.</param>
    /// <param name="stated">What the connect states.</param>
    /// <param name="receiver">The handle.</param>
    public static ExplainedTarget Describe(Explanation<Target> explanation, LabelSet stated, Handle receiver)
    {
        Target target = explanation.Target;
        var explained = new ExplainedTarget
        {
            Target = Listing.Describe(target, receiver),
            Standing = explanation.Standing,
            Rank = explanation.Rank switch
            {
                RankClass.Stated => Rank.Stated,
                RankClass.Related => Rank.Related,
                RankClass.Unrelated => Rank.Unrelated,
                _ => Rank.Unspecified,
            },
            Contradictions =
            {
                explanation.Contradictions.Select(key => new Contradiction
                {
                    Key = key,
                    Requested = stated[key],
                    Registered = target.Indexed[key],
                }),
            },
            MissingKeys = { explanation.Missing },
            UnmetKeys = { explanation.Unmet },
            Obstacle = explanation.Obstacle,
        };
        if (explanation.OutrankedBy is Target better)
        {
            explained.OutrankedBy.Add(Listing.LabelsOf(better, receiver));
        }

        if (explanation.Distance is int distance)
        {
            explained.Distance = (uint)distance;
        }

        return explained;
    }
}
