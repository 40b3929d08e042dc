// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Ingress.HandingOver;

/// <summary>How connections are matched.</summary>
internal sealed record HandOverOptions
{
    /// <summary>Labels of every connection.</summary>
    public LabelSet Labels { get; init; } = LabelSet.Empty;

    /// <summary>How long a connection is held until a matching server takes it. Default: zero, it is refused.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>They can be shut down later. Default: false.</summary>
    public bool Revocable { get; init; }

    /// <summary>How many connections may be accepted and not yet matched. Default: 1024.</summary>
    public int MaxWaiting { get; init; } = 1024;
}
