// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions.Resolving;

/// <summary>What an answer may say, and how long it holds.</summary>
internal static class AnswerRules
{
    /// <summary>How long it is remembered that a question could not be answered, in milliseconds.</summary>
    public const long FailureMs = 1_000;

    /// <summary>About what an answer costs besides its labels, in bytes.</summary>
    public const long Overhead = 256;

    private const int MaxTargets = 1_000;
    private const long MaxSize = 256 * 1024;
    private const uint MaxWeight = 65_535;
    private const long MaxMs = 86_400_000;
    private const long MaxNegativeMs = 30_000;
    private const int MaxReasonLength = 1024;

    /// <summary>A resolver's words, safe to print.</summary>
    public static string Words(string text) =>
        LabelRules.Printable(text.Length <= MaxReasonLength ? text : text[..MaxReasonLength] + "…");

    /// <summary>Adds a part of an answer to what has come of it.</summary>
    /// <param name="part">The part.</param>
    /// <param name="pending">The question, with what has come.</param>
    /// <param name="pinned">The out-labels of the resolver's handle, which are added to each target.</param>
    /// <param name="contradictions">The keys at which targets contradict them; these were left out.</param>
    /// <returns>Null, or what is wrong with it.</returns>
    public static string? Add(
        Resolution part, PendingQuestion pending, LabelSet pinned, out IReadOnlyList<string> contradictions)
    {
        contradictions = [];
        pending.Told += part.Targets.Count;
        pending.Size += part.CalculateSize();
        if (pending.Told > MaxTargets || pending.Size > MaxSize)
        {
            return $"an answer of more than {MaxTargets} targets, or {MaxSize / 1024} KiB";
        }

        foreach (Resolved resolved in part.Targets)
        {
            if (resolved.Weight > MaxWeight)
            {
                return $"an answer with a weight of more than {MaxWeight}";
            }

            try
            {
                LabelSet labels = LabelSet.FromMessage(resolved.Labels);
                if (ReservedKeys.RefuseOutLabels(labels) is LabelRefusal refusal)
                {
                    return $"an answer with labels that break a rule: {refusal.Message}";
                }

                labels = pinned.Merge(labels, out IReadOnlyList<string> keys);
                labels.CheckSize();
                if (keys.Count > 0)
                {
                    contradictions = keys;
                    continue;
                }

                pending.Targets.Add(new(labels, resolved.Priority, resolved.Weight));
            }
            catch (LabelException e)
            {
                return $"an answer with labels that break a rule: {e.Message}";
            }
        }

        return null;
    }

    /// <summary>The whole answer, and how long it holds, in milliseconds.</summary>
    public static (ResolverOutcome Outcome, long TimeToLive) Conclude(PendingQuestion pending, uint statedMs) => pending switch
    {
        { Targets.Count: > 0 } => (new ResolverOutcome.Found(pending.Targets.ToImmutable()), Math.Min(statedMs, MaxMs)),
        { Told: > 0 } => (
            new ResolverOutcome.Failed("all that it answered contradicts the labels of its own handle"), FailureMs),
        _ => (new ResolverOutcome.NoSuchName(), Math.Min(statedMs, MaxNegativeMs)),
    };
}
