// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>What became of a Constrain. Closed: those below are all there are.</summary>
internal abstract record HandleResult
{
    private HandleResult()
    {
    }

    /// <summary>There it is.</summary>
    public sealed record Narrower(Handle Handle) : HandleResult;

    /// <summary>The handle lacks rights that were asked for.</summary>
    public sealed record LacksRights(ImmutableArray<Right> Rights) : HandleResult;

    /// <summary>The labels contradict the handle's own at these keys, sorted.</summary>
    public sealed record Contradicts(ImmutableArray<string> Keys) : HandleResult;

    /// <summary>The labels have keys that are the switchboard's to state.</summary>
    public sealed record Reserved(LabelRefusal Refusal) : HandleResult;

    /// <summary>The labels break a rule.</summary>
    public sealed record Invalid(string Message, ImmutableArray<string> Keys) : HandleResult;
}
