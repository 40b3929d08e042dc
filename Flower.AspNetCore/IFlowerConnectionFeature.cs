// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;

namespace Flower.AspNetCore;

/// <summary>
/// How a connection came over the board. Among the features of each HttpContext whose connection the switchboard handed over:
/// <c>context.Features.Get&lt;IFlowerConnectionFeature&gt;()</c>, null for one that came another way.
/// </summary>
public interface IFlowerConnectionFeature
{
    /// <summary>The union of both sides' labels, each with who stands behind it.</summary>
    ConnectionLabels Labels { get; }

    /// <summary>Who asked for the connection, in the switchboard's own words. Of a pushed one that is the ingress.</summary>
    FlowerPeer Peer { get; }
}
