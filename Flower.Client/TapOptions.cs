// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>How connections are tapped.</summary>
public sealed record TapOptions
{
    /// <summary>
    /// How many connections may wait to be enumerated, 1 to 64; others are made untapped meanwhile. Default: 32.
    /// </summary>
    public int Credit { get; init; } = 32;

    /// <summary>How many connections are tapped in all, after which the enumeration ends. Default: without end.</summary>
    public long? Most { get; init; }
}
