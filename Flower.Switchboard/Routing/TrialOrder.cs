// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;

namespace Flower.Switchboard.Routing;

/// <summary>In which order the things are tried that a name stands for.</summary>
internal static class TrialOrder
{
    /// <summary>
    /// All of them, those of a lower priority first. Within one priority as RFC 2782 has it: one after another is drawn in
    /// proportion to the weights of those that are left, one of weight 0 hardly ever first; where all weights are 0, as they
    /// were given. Drawn one by one as they are asked for, since mostly the first ones are enough.
    /// </summary>
    public static IEnumerable<ResolvedTarget> Of(ImmutableArray<ResolvedTarget> targets, Random random)
    {
        // Both sorts are stable.
        foreach (IGrouping<uint, ResolvedTarget> priority in targets.GroupBy(t => t.Priority).OrderBy(g => g.Key))
        {
            List<ResolvedTarget> left = [.. priority.OrderBy(t => t.Weight > 0)];
            for (long sum = left.Sum(t => (long)t.Weight); left.Count > 0;)
            {
                int drawn = Draw(left, random.NextInt64(sum + 1));
                ResolvedTarget target = left[drawn];
                left.RemoveAt(drawn);
                sum -= target.Weight;
                yield return target;
            }
        }
    }

    private static int Draw(List<ResolvedTarget> left, long drawn)
    {
        long running = 0;
        return left.FindIndex(target => (running += target.Weight) >= drawn);
    }
}
