// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions;

/// <summary>Where a walk over ids goes on. Everything up to it was sent, or waits to be.</summary>
internal sealed class WalkCursor
{
    /// <summary>The last id that was seen; 0: none.</summary>
    public ulong Last { get; set; }
}
