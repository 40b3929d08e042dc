// SPDX-License-Identifier: BSD-2-Clause
using Flower.Ingress.Accepting;
using Flower.Ingress.HandingOver;
using Flower.Ingress.Peek;

namespace Flower.Ingress;

/// <summary>What an ingress does with the connections that it accepts.</summary>
internal sealed record IngressOptions
{
    /// <summary>Whose PROXY headers are believed; null: there are none.</summary>
    public ProxySources? Proxies { get; init; }

    /// <summary>What is looked for in their first bytes.</summary>
    public FirstBytesOptions FirstBytes { get; init; } = new();

    /// <summary>How they are matched.</summary>
    public HandOverOptions HandOver { get; init; } = new();

    /// <summary>How long what goes on may finish when the ingress stops. Default: 30 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Say refusals and failures only.</summary>
    public bool Quiet { get; init; }
}
