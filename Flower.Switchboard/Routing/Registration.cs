// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Routing;

/// <summary>
/// What became of a registration: added, or refused because of a conflict with a registered target, or because of too
/// many key sets.
/// </summary>
/// <param name="Conflict">The target that is in the way.</param>
/// <param name="TooManyKeySets">The limit that is reached, for people.</param>
internal readonly record struct Registration<T>(T? Conflict, string? TooManyKeySets)
    where T : class, ITarget
{
    /// <summary>The target is registered.</summary>
    public bool IsAdded => Conflict is null && TooManyKeySets is null;
}
