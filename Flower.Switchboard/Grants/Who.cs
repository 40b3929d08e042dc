// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Rpc.Interop;

namespace Flower.Switchboard.Grants;

/// <summary>Whom a grant names. Immutable. Closed: those below are all there are.</summary>
internal abstract record Who
{
    private Who()
    {
    }

    /// <summary>Whether it names who connected.</summary>
    /// <param name="peer">Who connected.</param>
    /// <param name="owner">The uid of the switchboard itself.</param>
    public abstract bool Names(SocketPeer peer, uint owner);

    /// <summary>Whether it can name somebody who is neither root nor the switchboard's own user.</summary>
    public abstract bool MayNameOthers(uint owner);

    private static bool IsOther(uint uid, uint owner) => uid != 0 && uid != owner;

    /// <summary>One user; the name is for people, and empty if it was given as a number.</summary>
    public sealed record User(uint Uid, string Name) : Who
    {
        public override bool Names(SocketPeer peer, uint owner) => peer.Credentials.Uid == Uid;

        public override bool MayNameOthers(uint owner) => IsOther(Uid, owner);

        public override string ToString() => Show("user", "uid", Uid, Name);
    }

    /// <summary>Who has the group, as its own or as a supplementary one.</summary>
    public sealed record Group(uint Gid, string Name) : Who
    {
        public override bool Names(SocketPeer peer, uint owner) => peer.IsIn(Gid);

        public override bool MayNameOthers(uint owner) => true;

        public override string ToString() => Show("group", "gid", Gid, Name);
    }

    /// <summary>The users whose numbers are from the first to the last, both included.</summary>
    public sealed record UidRange(uint First, uint Last) : Who
    {
        public override bool Names(SocketPeer peer, uint owner) =>
            peer.Credentials.Uid >= First && peer.Credentials.Uid <= Last;

        public override bool MayNameOthers(uint owner) =>
            IsOther(First, owner) || IsOther(Last, owner) || (ulong)Last - First > 1;

        public override string ToString() => First == Last
            ? string.Create(CultureInfo.InvariantCulture, $"uid {First}")
            : string.Create(CultureInfo.InvariantCulture, $"uids {First} to {Last}");
    }

    /// <summary>Everybody but root and the switchboard's own user.</summary>
    public sealed record Others : Who
    {
        public override bool Names(SocketPeer peer, uint owner) => IsOther(peer.Credentials.Uid, owner);

        public override bool MayNameOthers(uint owner) => true;

        public override string ToString() => "others (everybody but root and the switchboard's own user)";
    }

    private static string Show(string kind, string number, uint id, string name) => name.Length == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{kind} {id}")
        : string.Create(CultureInfo.InvariantCulture, $"{kind} {name} ({number} {id})");
}
