// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol.V1;

namespace Flower.Explain;

/// <summary>Why a target would not be taken, or not it alone, in words: one a line.</summary>
internal static class Reasons
{
    public static IEnumerable<string> Of(TargetExplanation target)
    {
        string? standing = OfStanding(target);
        if (standing is not null)
        {
            yield return standing;
        }

        foreach (LabelContradiction contradiction in target.Contradictions)
        {
            yield return $"{contradiction.Key} is '{contradiction.Registered}', not '{contradiction.Requested}'";
        }

        foreach (string key in target.MissingKeys)
        {
            yield return $"it requires {key}: state {key}={target.Target.Labels[key] ?? "…"}";
        }

        foreach (string key in target.UnmetKeys)
        {
            yield return $"it states no {key}, which +{key} requires";
        }

        string? obstacle = OfObstacle(target.Obstacle);
        if (obstacle is not null)
        {
            yield return obstacle;
        }
    }

    private static string? OfStanding(TargetExplanation target) => target.Standing switch
    {
        Standing.Equal => "others match as well",
        Standing.LastResort when target.Target.Weight == 0 => "its weight is 0: only where there is no other",
        Standing.LastResort => "it did not answer when it was last asked: only where there is no other",
        Standing.Drains => "it takes no new connections",
        Standing.Outranked when target.OutrankedBy is null => "another one matches better",
        Standing.Outranked => $"another one matches better: {Claims(target.OutrankedBy)}",
        Standing.NoMatch when target.Distance == 1 => "one label away",
        _ => null,
    };

    private static string? OfObstacle(Obstacle obstacle) => obstacle switch
    {
        Obstacle.TakesNoIngress => "an egress without a fixed destination is never connected to an ingress",
        Obstacle.TakesRelaysOnly => "an egress is connected only to an ingress that relays",
        Obstacle.NothingInCommon => "it has no label in common with the request",
        _ => null,
    };

    // Without what the switchboard attests, which hardly tells targets apart for people.
    private static string Claims(ConnectionLabels labels)
    {
        string words = string.Join(
            ' ', labels.Where(l => l.Source != Source.Attested).Select(l => $"{l.Key}={l.Value}"));
        return words.Length == 0 ? "one without labels" : words;
    }
}
