// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions.Resolving;

/// <summary>What a name stands for, as far as it was not tried yet.</summary>
/// <param name="from">The request that was asked for.</param>
/// <param name="question">What was asked.</param>
/// <param name="asked">Whom, for people.</param>
/// <param name="resolver">The same, for the board.</param>
/// <param name="found">The answer.</param>
/// <param name="random">Draws among what is alike.</param>
internal sealed class NameLevel(
    NameStep from, LabelSet question, string asked, Target resolver, ResolverOutcome.Found found,
    Random random) : IDisposable
{
    private readonly IEnumerator<ResolvedTarget> _order = TrialOrder.Of(found.Targets, random).GetEnumerator();
    private int _left = found.Targets.Length;

    public LabelSet Question => question;

    public string Asked => asked;

    public Target Resolver => resolver;

    /// <summary>There is something left.</summary>
    public bool HasMore => _left > 0;

    /// <summary>All that was left out contradicts the request, at these keys; null: something did not.</summary>
    public IReadOnlyList<string>? Contradictions { get; private set; } = [];

    /// <summary>The request with the next thing that the name stands for; null: that contradicts it.</summary>
    /// <exception cref="Grpc.Core.RpcException">There are too many labels.</exception>
    public NameStep? Next()
    {
        _left--;
        _order.MoveNext();
        NameStep? next = from.Next(resolver.Resolver!.Keys, $"{question} of {asked}", _order.Current, out IReadOnlyList<string> bad);
        Contradictions = next is null && Contradictions is not null ? bad : null;
        return next;
    }

    public void Dispose() => _order.Dispose();
}
