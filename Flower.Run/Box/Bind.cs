// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Run.Box;

/// <summary>A path that was asked to be shown.</summary>
/// <param name="Path">As it was given.</param>
/// <param name="IsReadOnly">Whether nothing may be changed there.</param>
internal readonly record struct Bind(string Path, bool IsReadOnly)
{
    /// <summary>The option that asks for it.</summary>
    public string Option => IsReadOnly ? "--ro-bind" : "--bind";
}
