// SPDX-License-Identifier: BSD-2-Clause
using Flower.Switchboard.Quotas;

namespace Flower.Switchboard.Sessions;

/// <summary>The live handles by their ids, which are never used again. On the loop.</summary>
internal sealed class HandleTree(QuotaTable quotas)
{
    /// <summary>Who uses how much.</summary>
    public QuotaTable Quotas { get; } = quotas;

    /// <summary>The id of the handle that was made last.</summary>
    public ulong LastId { get; set; }

    /// <summary>Those that have sessions, or that others with sessions were made from.</summary>
    public IdTable<HandleNode> Live { get; } = new();

    /// <summary>The same, in no order.</summary>
    public IReadOnlyCollection<HandleNode> Nodes => Live.Items;

    public ulong NextId() => ++LastId;

    public HandleNode? Find(ulong id) => Live.Find(id);
}
