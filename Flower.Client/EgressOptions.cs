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

    /// <summary>How much it takes compared with others, 0 to 65,535; see <see cref="ListenOptions.Weight"/>. Default:
    /// 100.</summary>
    public int Weight { get; init; } = 100;

    /// <summary>It takes no requests until <see cref="Egress.UpdateAsync"/> says so. Default: false.</summary>
    public bool Draining { get; init; }
}
