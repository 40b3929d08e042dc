// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Switchboard.Watching;

/// <summary>
/// Something that happened, made once for all who are told of it, and only if there are any. Immutable: others than the loop
/// may read what is told.
/// </summary>
/// <param name="told">What is told to who may see everything. Nobody changes it.</param>
internal abstract class Occurrence(Event told)
{
    /// <summary>What is told to who may see everything.</summary>
    public Event Told { get; } = told;

    /// <summary>About how much memory it takes while it waits to be told.</summary>
    public int Size { get; } = told.CalculateSize();

    /// <summary>Whether somebody may be told. On the loop.</summary>
    public abstract bool IsVisibleTo(Viewer viewer);

    /// <summary>What somebody is told who may be. On the loop.</summary>
    public virtual Event TellTo(Viewer viewer) => Told;
}
