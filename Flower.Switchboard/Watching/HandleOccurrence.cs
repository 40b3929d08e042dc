// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Switchboard.Sessions;

namespace Flower.Switchboard.Watching;

/// <summary>What concerns a handle: it was made or taken back, over it a quota is exhausted or a call was refused.</summary>
/// <param name="told">All of it.</param>
/// <param name="node">The handle.</param>
internal sealed class HandleOccurrence(Event told, HandleNode node) : Occurrence(told)
{
    /// <inheritdoc/>
    public override bool IsVisibleTo(Viewer viewer) => viewer.Covers(node);
}
