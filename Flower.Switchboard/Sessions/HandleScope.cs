// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Switchboard.Sessions.Live;
using Mono.Unix.Native;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// What a caller may see of the handles, and take back. It is the handle that decides, not the process that holds it: over
/// a handle that Constrain made, strictly what was made from it; over a path, all that comes from sessions of the user who
/// connected, and for root and this process's own user all there is.
/// </summary>
internal readonly struct HandleScope(HandleNode viewer)
{
    private static readonly uint OwnUser = Syscall.geteuid();

    private readonly HandleNode _viewer = viewer;

    /// <summary>All there is is within.</summary>
    public bool IsOverseers => _viewer.Parent is null && IsOverseer(_viewer.Maker);

    /// <summary>Whether a process is root's, or this process's own user's.</summary>
    public static bool IsOverseer(Credentials maker) => maker.Uid == 0 || maker.Uid == OwnUser;

    /// <summary>Whether a handle is within.</summary>
    public bool Covers(HandleNode node) => _viewer.Parent is null
        ? IsOverseer(_viewer.Maker) || node.Top.Maker.Uid == _viewer.Maker.Uid
        : !ReferenceEquals(node, _viewer) && _viewer.Handle.IsAncestorOrSelf(node.Handle);

    /// <summary>Whether a connection is within: either of its handles is, or is the caller's own.</summary>
    public bool Covers(RevocableConnection connection) => Uses(connection.Client) || Uses(connection.Target);

    /// <summary>The same of any connection, by its sides.</summary>
    public bool Covers(LiveSide client, LiveSide target) => Uses(client) || Uses(target);

    private bool Uses(LiveSide side) => _viewer.Parent is null && !ReferenceEquals(side.Handle, _viewer.Handle)
        ? IsOverseer(_viewer.Maker) || side.TopUid == _viewer.Maker.Uid
        : _viewer.Handle.IsAncestorOrSelf(side.Handle);

    private bool Uses(HandleNode node) => ReferenceEquals(node, _viewer) || Covers(node);
}
