// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;

namespace Flower.Switchboard.Routing;

/// <summary>What a lookup found: nothing, one target, or several that match equally well.</summary>
/// <param name="Targets">The targets, at most 16, in the order of registration.</param>
/// <param name="Keys">Of several, the keys that tell them apart, sorted.</param>
internal readonly record struct Lookup<T>(ImmutableArray<T> Targets, ImmutableArray<string> Keys)
    where T : class, ITarget
{
    /// <summary>The most targets of a result.</summary>
    public const int MaxTargets = 16;

    public static Lookup<T> None { get; } = new([], []);

    public bool IsNone => Targets.IsEmpty;

    /// <summary>The target, if there is exactly one.</summary>
    public T? One => Targets.Length == 1 ? Targets[0] : null;

    public bool IsSeveral => Targets.Length > 1;
}
