// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>Which connect is explained, and how much is told.</summary>
public sealed record ExplainOptions
{
    /// <summary>A pushed socket; otherwise a client's connect. Default: false.</summary>
    public bool Ingress { get; init; }

    /// <summary>With <see cref="Ingress"/>: who pushes can relay (<see cref="Handle.PushOrRelayAsync"/>). Default: false.</summary>
    public bool Relay { get; init; }

    /// <summary>As in <see cref="ConnectOptions"/>. Default: false.</summary>
    public bool RelatedOnly { get; init; }

    /// <summary>As in <see cref="ConnectOptions"/>; nothing is waited for here. Default: false.</summary>
    public bool Wait { get; init; }

    /// <summary>As in <see cref="ConnectOptions"/>; none is picked here. Default: none.</summary>
    public Balance Balance { get; init; }

    /// <summary>
    /// Ask resolvers what the labels stand for, if the connect would. Counts as a connect each second. Default: false.
    /// </summary>
    public bool Resolve { get; init; }

    /// <summary>How many targets are told of at most, of which the nearest. Default: 100.</summary>
    public int MaxTargets { get; init; } = 100;
}
