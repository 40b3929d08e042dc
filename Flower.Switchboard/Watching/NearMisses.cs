// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.Sessions.Explaining;
using Handle = Flower.Switchboard.Routing.Handle;
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Switchboard.Watching;

/// <summary>The targets that come nearest to a request that found none, of the first on the board. Immutable.</summary>
internal sealed class NearMisses
{
    private const int Most = 3;
    private const int MostExamined = 256;
    private const int MaxBytes = 16 * 1024;
    private const int PerSecond = 20;

    // What those with the same distance are told from whom not everybody may see.
    private const int Kept = 16;

    public static readonly NearMisses None = new([], LabelSet.Empty);

    private readonly Explanation<Target>[] _nearest;
    private readonly LabelSet _stated;

    private NearMisses(Explanation<Target>[] nearest, LabelSet stated)
    {
        _nearest = nearest;
        _stated = stated;
    }

    public bool IsEmpty => _nearest.Length == 0;

    /// <summary>
    /// Looks for them, unless that was done too often of late: a flood of connects that are refused must not become a greater
    /// one by being watched.
    /// </summary>
    public static NearMisses Find(Board board, Request wish, Budget budget)
    {
        if (!budget.TryConnect(PerSecond, Environment.TickCount64))
        {
            return None;
        }

        var targets = new List<Target>();
        long at = 0;
        board.List(LabelSet.Empty, MostExamined, targets, ref at);
        Explainer<Target> explainer = board.Explain(wish, isBalanced: false);
        Explanation<Target>[] nearest =
        [
            .. targets.Where(target => target.Kind != TargetKind.Resolver)
                .Select(explainer.Explain)
                .Where(e => e.Standing == Standing.Drains || e is { Standing: Standing.NoMatch, Distance: not null })
                .OrderBy(e => e.Distance)
                .Take(Kept),
        ];
        return nearest.Length == 0 ? None : new(nearest, wish.Query.Stated);
    }

    /// <summary>What somebody is told of them.</summary>
    /// <param name="isVisible">Which targets.</param>
    /// <param name="receiver">Over which handle.</param>
    public IEnumerable<ExplainedTarget> Tell(Func<Target, bool> isVisible, Handle receiver)
    {
        int bytes = 0;
        foreach (Explanation<Target> miss in _nearest.Where(e => isVisible(e.Target)).Take(Most))
        {
            ExplainedTarget told = ExplainCall.Describe(miss, _stated, receiver);
            bytes += told.CalculateSize();
            if (bytes > MaxBytes)
            {
                yield break;
            }

            yield return told;
        }
    }
}
