// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>How a server or an egress stands to a connect.</summary>
public sealed class TargetExplanation
{
    internal TargetExplanation(ExplainedTarget explained)
    {
        Target = TargetInfo.From(explained.Target);
        Standing = explained.Standing;
        Rank = explained.Rank;
        Contradictions =
            [.. explained.Contradictions.Select(c => new LabelContradiction(c.Key, c.Requested, c.Registered))];
        MissingKeys = [.. explained.MissingKeys];
        UnmetKeys = [.. explained.UnmetKeys];
        Obstacle = explained.Obstacle;
        OutrankedBy = explained.OutrankedBy.Count == 0 ? null : new(explained.OutrankedBy);
        Distance = explained.HasDistance ? (int)explained.Distance : null;
    }

    /// <summary>The target.</summary>
    public TargetInfo Target { get; }

    /// <summary>Whether it would be taken.</summary>
    public Standing Standing { get; }

    /// <summary>How well it matches; unspecified, if it does not.</summary>
    public Rank Rank { get; }

    /// <summary>The labels of which the request and the target have different values.</summary>
    public IReadOnlyList<LabelContradiction> Contradictions { get; }

    /// <summary>Keys that the target requires and the request does not state.</summary>
    public IReadOnlyList<string> MissingKeys { get; }

    /// <summary>Keys that the request requires and the target does not state.</summary>
    public IReadOnlyList<string> UnmetKeys { get; }

    /// <summary>What else is in the way.</summary>
    public Obstacle Obstacle { get; }

    /// <summary>If it is outranked: the labels of a target that it stands behind; null, if that one has none.</summary>
    public ConnectionLabels? OutrankedBy { get; }

    /// <summary>
    /// How many labels of the request would have to be others for a match; 0 for one that matches; null: no labels help.
    /// </summary>
    public int? Distance { get; }
}
