// SPDX-License-Identifier: BSD-2-Clause
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.State;

/// <summary>
/// The numbers under which a state names handles: positions from 1, in the order in which they are written, a parent
/// before its children. Writes each when it is first asked for.
/// </summary>
/// <param name="addHandle">Writes what a handle allows.</param>
/// <param name="addNode">Writes a live handle.</param>
internal sealed class HandleNumbers(Action<HandleState> addHandle, Action<NodeState> addNode)
{
    private readonly Dictionary<Handle, uint> _handles = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<HandleNode, uint> _nodes = new(ReferenceEqualityComparer.Instance);

    // Parents first, without recursion: whoever constrains again and again decides how deep it would be.
    public uint Of(HandleNode node)
    {
        var missing = new Stack<HandleNode>();
        for (HandleNode? at = node; at is not null && !_nodes.ContainsKey(at); at = at.Parent)
        {
            missing.Push(at);
        }

        while (missing.TryPop(out HandleNode? next))
        {
            addNode(new NodeState
            {
                Handle = Of(next.Handle),
                Parent = next.Parent is null ? 0 : _nodes[next.Parent],
                Pid = next.Maker.Pid,
                Uid = next.Maker.Uid,
                Gid = next.Maker.Gid,
                Since = next.Since,
            });
            _nodes.Add(next, (uint)_nodes.Count + 1);
        }

        return _nodes[node];
    }

    /// <summary>Of what a handle allows, whether it is live or not.</summary>
    public uint Of(Handle handle)
    {
        var missing = new Stack<Handle>();
        for (Handle? at = handle; at is not null && !_handles.ContainsKey(at); at = at.Parent)
        {
            missing.Push(at);
        }

        while (missing.TryPop(out Handle? next))
        {
            addHandle(new HandleState
            {
                Id = next.Id,
                Parent = next.Parent is null ? 0 : _handles[next.Parent],
                Rights = { next.Rights.ToMessage() },
                InLabels = next.InLabels.ToMessage(),
                OutLabels = next.OutLabels.ToMessage(),
            });
            _handles.Add(next, (uint)_handles.Count + 1);
        }

        return _handles[handle];
    }
}
