// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions;

/// <summary>The live handles by their ids, which are never used again. On the loop.</summary>
internal sealed class HandleTree
{
    /// <summary>The id of the handle that was made last.</summary>
    public ulong LastId { get; set; }

    /// <summary>Those that have sessions, or that others with sessions were made from.</summary>
    public IdTable<HandleNode> Live { get; } = new();

    /// <summary>The same, in no order.</summary>
    public IReadOnlyCollection<HandleNode> Nodes => Live.Items;

    public ulong NextId() => ++LastId;

    public HandleNode? Find(ulong id) => Live.Find(id);
}
