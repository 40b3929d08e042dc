// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>What a target says of itself to begin with, checked.</summary>
internal static class TargetState
{
    private const int DefaultWeight = 100;

    /// <summary>The message.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The weight is none.</exception>
    public static TargetUpdate Of(int? weight, bool? draining) => new()
    {
        Weight = (uint)(Check(weight) ?? DefaultWeight),
        Draining = draining ?? false,
    };

    /// <summary>The weight, or null.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none.</exception>
    public static int? Check(int? weight)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(weight ?? 0, nameof(weight));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(weight ?? 0, ushort.MaxValue, nameof(weight));
        return weight;
    }
}
