// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>A question of a connect to a resolver.</summary>
public sealed class ResolverExplanation
{
    internal ResolverExplanation(ResolverStep step)
    {
        Resolver = new(step.Resolver);
        Question = new(step.Question);
        WasAsked = step.Asked;
        Found = (int)step.Found;
        Failure = step.Failure.Length == 0 ? null : step.Failure;
    }

    /// <summary>The labels of the resolver; none, if the handle may not see it.</summary>
    public ConnectionLabels Resolver { get; }

    /// <summary>What it is asked: the labels that it translates.</summary>
    public ConnectionLabels Question { get; }

    /// <summary>It was asked; otherwise it only would be.</summary>
    public bool WasAsked { get; }

    /// <summary>How many things the labels stand for. None, without a <see cref="Failure"/>: the name does not exist.</summary>
    public int Found { get; }

    /// <summary>Why it gave no answer; null: it did, or was not asked.</summary>
    public string? Failure { get; }
}
