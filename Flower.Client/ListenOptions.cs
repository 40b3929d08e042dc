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
}
