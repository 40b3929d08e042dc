// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Server;
using Flower.Rpc.State;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.State;

/// <summary>Writes all that a paused switchboard knows into one message. On the loop; changes nothing.</summary>
internal sealed class BoardSaver
{
    /// <summary>The version of the format.</summary>
    public const uint Version = 1;

    private readonly BoardState _state = new() { Version = Version };
    private readonly Dictionary<Handle, uint> _handles = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<HandleNode, uint> _nodes = new(ReferenceEqualityComparer.Instance);

    private BoardSaver()
    {
    }

    /// <summary>The state, whose descriptors are duplicated into the table.</summary>
    /// <exception cref="Rpc.FlowerSocketException">EMFILE.</exception>
    public static BoardState Save(Board board, SessionServer server, DescriptorTable descriptors)
    {
        var saver = new BoardSaver();
        foreach (HandleNode node in board.Handles.Nodes)
        {
            saver.Number(node);
        }

        saver._state.Sessions.AddRange(server.Save(descriptors, authority => saver.Number((HandleNode)authority)));
        saver._state.LastHandleId = board.Handles.LastId;
        saver._state.LastConnectionId = board.LastConnectionId;
        saver._state.LastRegistration = board.LastRegistration;
        return saver._state;
    }

    // Parents first, without recursion: whoever constrains again and again decides how deep it would be.
    private uint Number(HandleNode node)
    {
        var missing = new Stack<HandleNode>();
        for (HandleNode? at = node; at is not null && !_nodes.ContainsKey(at); at = at.Parent)
        {
            missing.Push(at);
        }

        while (missing.TryPop(out HandleNode? next))
        {
            _state.Nodes.Add(new NodeState
            {
                Handle = Number(next.Handle),
                Parent = next.Parent is null ? 0 : _nodes[next.Parent],
                Pid = next.Maker.Pid,
                Uid = next.Maker.Uid,
                Gid = next.Maker.Gid,
            });
            _nodes.Add(next, (uint)_state.Nodes.Count);
        }

        return _nodes[node];
    }

    private uint Number(Handle handle)
    {
        var missing = new Stack<Handle>();
        for (Handle? at = handle; at is not null && !_handles.ContainsKey(at); at = at.Parent)
        {
            missing.Push(at);
        }

        while (missing.TryPop(out Handle? next))
        {
            _state.Handles.Add(new HandleState
            {
                Id = next.Id,
                Parent = next.Parent is null ? 0 : _handles[next.Parent],
                Rights = { next.Rights.ToMessage() },
                InLabels = next.InLabels.ToMessage(),
                OutLabels = next.OutLabels.ToMessage(),
            });
            _handles.Add(next, (uint)_state.Handles.Count);
        }

        return _handles[handle];
    }
}
