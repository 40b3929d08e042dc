// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>Who connected to a Unix socket, with the effective ids that it had then (unix(7)). Immutable.</summary>
/// <param name="Credentials">Its process, user and group (SO_PEERCRED).</param>
/// <param name="Groups">Its supplementary groups (SO_PEERGROUPS, since Linux 4.13), in no order.</param>
public sealed record SocketPeer(Credentials Credentials, ImmutableArray<uint> Groups)
{
    // NGROUPS_MAX (limits.h).
    private const int MaxGroups = 65536;

    /// <summary>Asks the kernel; null: it does not say.</summary>
    public static SocketPeer? Of(SafeHandle socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return StreamSocket.PeerOf(socket) is Credentials credentials && TryReadGroups(socket, out uint[] groups)
            ? new(credentials, ImmutableCollectionsMarshal.AsImmutableArray(groups))
            : null;
    }

    /// <summary>Whether a group is its own or a supplementary one.</summary>
    public bool IsIn(uint group) => Credentials.Gid == group || Groups.Contains(group);

    private static unsafe bool TryReadGroups(SafeHandle socket, out uint[] groups)
    {
        for (int room = 32; room <= MaxGroups;)
        {
            groups = new uint[room];
            uint bytes = (uint)(room * sizeof(uint));
            fixed (uint* into = groups)
            {
                if (Native.GetSockOpt(socket, Native.SolSocket, Native.SoPeerGroups, into, &bytes) == 0)
                {
                    Array.Resize(ref groups, (int)bytes / sizeof(uint));
                    return true;
                }
            }

            if (Marshal.GetLastPInvokeError() != Errno.Range)
            {
                break;
            }

            // It said how much there is.
            room = Math.Max(room * 2, (int)bytes / sizeof(uint));
        }

        groups = [];
        return false;
    }
}
