// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>How a server takes its connections.</summary>
public sealed record ListenOptions
{
    /// <summary>
    /// Connections whose sockets may arrive before they were accepted, 0 to 65,535; each answer grants the next one.
    /// 0: the labels of each are offered first. Default: 128.
    /// </summary>
    public int Credit { get; init; } = 128;

    /// <summary>
    /// How much it takes compared with others, for clients that let one of several be picked: 0 to 65,535. With 0 it is
    /// picked only where there is no other. Default: 100.
    /// </summary>
    public int Weight { get; init; } = 100;

    /// <summary>It takes no connections until <see cref="Listener.UpdateAsync"/> says so. Default: false.</summary>
    public bool Draining { get; init; }
}
