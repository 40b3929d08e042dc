// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Client;

/// <summary>What a connect would be answered, and why, as <see cref="Handle.ExplainAsync"/> saw it.</summary>
public sealed class Explanation
{
    internal Explanation(Verdict verdict, NearestTargets targets)
    {
        StatusCode = (StatusCode)verdict.Code;
        Message = verdict.Message;
        Keys = [.. verdict.Detail?.Keys ?? []];
        Rights = [.. verdict.Detail?.Rights ?? []];
        Labels = new(verdict.Labels?.Labels_ ?? []);
        RequiredKeys = [.. verdict.Labels?.RequiredKeys ?? []];
        WouldWait = verdict.Waits;
        Resolvers = [.. verdict.Steps.Select(step => new ResolverExplanation(step))];
        Targets = targets.ToList();
        TargetCount = targets.Count;
    }

    /// <summary>
    /// The status of the connect. OK: it would be offered to a target, which may still refuse it. UNKNOWN: that depends on
    /// what a resolver answers, and <see cref="ExplainOptions.Resolve"/> was not set.
    /// </summary>
    public StatusCode StatusCode { get; }

    /// <summary>The words of that status; empty with OK.</summary>
    public string Message { get; }

    /// <summary>The keys at fault.</summary>
    public IReadOnlyList<string> Keys { get; }

    /// <summary>The rights that the handle lacks.</summary>
    public IReadOnlyList<Right> Rights { get; }

    /// <summary>
    /// What the request states: the handle's out-labels, those given, and what names stand for; without the given ones that
    /// the handle refuses. The targets are explained by these.
    /// </summary>
    public ConnectionLabels Labels { get; }

    /// <summary>The keys that the request requires of its target, sorted.</summary>
    public IReadOnlyList<string> RequiredKeys { get; }

    /// <summary>The connect would wait for a target instead of failing so.</summary>
    public bool WouldWait { get; }

    /// <summary>Who is asked what names stand for, in this order: the first one only, unless they were asked.</summary>
    public IReadOnlyList<ResolverExplanation> Resolvers { get; }

    /// <summary>The servers and egresses, those that come nearest to a match first.</summary>
    public IReadOnlyList<TargetExplanation> Targets { get; }

    /// <summary>How many there are, those that are not told of among them.</summary>
    public int TargetCount { get; }
}
