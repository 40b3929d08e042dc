// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.Switchboard.Sessions.Live;

/// <summary>The sockets of a network namespace that are open and have a peer. Immutable.</summary>
/// <param name="network">The network namespace; 0: not known.</param>
/// <param name="cookies">Their numbers.</param>
internal sealed class OpenSockets(ulong network, IReadOnlySet<ulong> cookies)
{
    public int Count => cookies.Count;

    /// <summary>Whether one is open; null: it is of another network namespace, or not known by its number.</summary>
    public bool? Has(SocketIdentity socket) =>
        socket.Cookie == 0 || (socket.Network != network && socket.Network != 0 && network != 0)
            ? null
            : cookies.Contains(socket.Cookie);
}
