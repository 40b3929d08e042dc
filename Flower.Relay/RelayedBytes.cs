// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Relay;

/// <summary>What a relay carried.</summary>
/// <param name="ToOther">Bytes from the first socket to the second.</param>
/// <param name="ToOne">Bytes from the second socket to the first.</param>
public readonly record struct RelayedBytes(long ToOther, long ToOne);
