// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Grpc.Core;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// A live handle: what it allows, what it was made from, and the sessions over it. On the loop. It stands in its tree from
/// its first session until neither it nor anything made from it has one.
/// </summary>
/// <param name="tree">Where it stands while it is live.</param>
/// <param name="handle">What it allows.</param>
/// <param name="parent">What it was made from; null for the one of a session that came by a path.</param>
/// <param name="maker">Who made it: the caller of Constrain, or who connected.</param>
internal sealed class HandleNode(HandleTree tree, Handle handle, HandleNode? parent, Credentials maker)
    : ISessionAuthority
{
    private readonly HashSet<ISession> _sessions = [];
    private readonly HashSet<HandleNode> _children = [];

    public Handle Handle { get; } = handle;

    public HandleNode? Parent { get; } = parent;

    /// <summary>Who made it: the caller of Constrain, or who connected to the public socket.</summary>
    public Credentials Maker { get; } = maker;

    public IReadOnlyCollection<ISession> Sessions => _sessions;

    public IReadOnlyCollection<HandleNode> Children => _children;

    public Status? Admit(ISession session)
    {
        _sessions.Add(session);
        if (_sessions.Count == 1)
        {
            Enter();
        }

        return null;
    }

    public Status? Bind(ISession session) => null;

    public void Leave(ISession session)
    {
        _sessions.Remove(session);
        for (HandleNode? node = this; node is { _sessions.Count: 0, _children.Count: 0 }; node = node.Parent)
        {
            tree.Remove(node);
            node.Parent?._children.Remove(node);
        }
    }

    private void Enter()
    {
        tree.Add(this);
        for (HandleNode node = this; node.Parent?._children.Add(node) ?? false; node = node.Parent)
        {
            tree.Add(node.Parent);
        }
    }
}
