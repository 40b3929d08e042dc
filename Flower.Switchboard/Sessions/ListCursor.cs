// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions;

/// <summary>Where a list goes on. Everything before it was sent, or waits to be.</summary>
internal sealed class ListCursor
{
    /// <summary>0: at the beginning; otherwise as the directory says.</summary>
    public long Next { get; set; }
}
