// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions;

/// <summary>The live handles by their ids, which are never used again. On the loop.</summary>
internal sealed class HandleTree
{
    private readonly Dictionary<ulong, HandleNode> _nodes = [];

    /// <summary>The id of the handle that was made last.</summary>
    public ulong LastId { get; set; }

    /// <summary>Those that have sessions, or that others with sessions were made from.</summary>
    public IReadOnlyCollection<HandleNode> Nodes => _nodes.Values;

    public ulong NextId() => ++LastId;

    public HandleNode? Find(ulong id) => _nodes.GetValueOrDefault(id);

    internal void Add(HandleNode node) => _nodes.TryAdd(node.Handle.Id, node);

    internal void Remove(HandleNode node) => _nodes.Remove(node.Handle.Id);
}
