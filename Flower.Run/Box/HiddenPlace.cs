// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Run.Box;

/// <summary>A directory that is empty in a box.</summary>
/// <param name="Path">Where it is, without links.</param>
/// <param name="Mode">Its permissions, in octal.</param>
internal readonly record struct HiddenPlace(string Path, string Mode);
