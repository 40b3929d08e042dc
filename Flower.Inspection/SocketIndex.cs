// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Inspection;

/// <summary>The sockets that the kernel knows in this process's network namespace. For one thread.</summary>
public sealed class SocketIndex
{
    private readonly Dictionary<ulong, DiagnosedSocket> _byCookie = [];
    private readonly Dictionary<uint, DiagnosedSocket> _unixByInode = [];
    private readonly bool _withTcp;

    private SocketIndex(bool withTcp) => _withTcp = withTcp;

    /// <summary>The network namespace; 0: not known.</summary>
    public ulong Network { get; private set; }

    /// <summary>
    /// Asks; null: it is not possible here. A dump can leave a socket out by chance: where one that is wanted is not there, it
    /// is asked once more.
    /// </summary>
    /// <param name="wanted">The sockets that are looked for.</param>
    /// <param name="withTcp">TCP sockets too: there may be many that have nothing to do with any of these.</param>
    public static SocketIndex? TryRead(IReadOnlyCollection<SocketIdentity> wanted, bool withTcp)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        if (wanted.Count == 0)
        {
            return null;
        }

        var index = new SocketIndex(withTcp);
        if (!index.TryReadOnce())
        {
            return null;
        }

        bool isWhole = wanted.All(socket => !index.Covers(socket) || index.Find(socket.Cookie) is not null);
        return isWhole || index.TryReadOnce() ? index : null;
    }

    /// <summary>Whether a connection is still there, as far as can be known.</summary>
    /// <param name="index">What the kernel says; null: it cannot be asked.</param>
    /// <param name="socket">The connection's.</param>
    /// <param name="isTargets">The target has it; otherwise the client.</param>
    /// <param name="measures">How the socket is; null: it is over, or not known.</param>
    public static bool MayBeOpen(
        SocketIndex? index, SocketIdentity socket, bool isTargets, out SocketMeasures? measures)
    {
        bool isKnown = index is not null && index.Covers(socket);
        measures = isKnown ? index!.Measure(socket.Cookie, isTargets) : null;
        return !isKnown || measures is not null;
    }

    private SocketMeasures? Measure(ulong cookie, bool isTargets)
    {
        // A Unix socket without a peer is one whose other side is closed.
        if (Find(cookie) is not { } socket || (!socket.IsTcp && socket.PeerInode == 0))
        {
            return null;
        }

        long arrived = socket.ReceiveQueue;
        long? sent = socket.IsTcp ? socket.SendQueue : PeerOf(socket)?.ReceiveQueue;
        return isTargets
            ? new(StateWord.Of(socket), socket.PeerInode, socket.Inode, sent, arrived, socket.Tcp)
            : new(StateWord.Of(socket), socket.Inode, socket.PeerInode, arrived, sent, socket.Tcp);
    }

    // Whether it may be among them.
    private bool Covers(SocketIdentity socket) =>
        socket.Cookie != 0 && (socket.Network == Network || socket.Network == 0 || Network == 0);

    private DiagnosedSocket? Find(ulong cookie) =>
        _byCookie.TryGetValue(cookie, out DiagnosedSocket socket) ? socket : null;

    // Null: it has gone, or was made meanwhile.
    private DiagnosedSocket? PeerOf(DiagnosedSocket socket) =>
        _unixByInode.TryGetValue(socket.PeerInode, out DiagnosedSocket peer) ? peer : null;

    // Nothing is forgotten that an earlier dump has told.
    private bool TryReadOnce()
    {
        try
        {
            using SocketDiagnostics diagnostics = SocketDiagnostics.Open();
            Network = diagnostics.Network;
            diagnostics.ReadUnix(socket =>
            {
                _byCookie[socket.Cookie] = socket;
                _unixByInode[socket.Inode] = socket;
            });
            if (_withTcp)
            {
                diagnostics.ReadTcp(measured: true, socket => _byCookie[socket.Cookie] = socket);
            }

            return true;
        }
        catch (FlowerSocketException)
        {
            return false;
        }
    }
}
