// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Run.Box;

/// <summary>A file or directory that a box shows as it is outside.</summary>
/// <param name="Path">Where it is, without links on the way.</param>
/// <param name="IsReadOnly">Whether nothing can be changed there.</param>
internal readonly record struct ShownPlace(string Path, bool IsReadOnly);
