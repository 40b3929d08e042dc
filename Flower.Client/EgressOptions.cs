// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>What kind of egress is registered.</summary>
public sealed record EgressOptions
{
    /// <summary>
    /// Every connection goes to the same place, whatever the labels say: clients and ingresses are connected to it
    /// alike, and it need not require <c>address_family</c>. Default: false, it goes where a client's labels say.
    /// </summary>
    public bool FixedDestination { get; init; }
}
