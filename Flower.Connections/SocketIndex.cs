// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Connections;

/// <summary>The sockets that the kernel knows in this process's network namespace. For one thread.</summary>
internal sealed class SocketIndex
{
    private readonly Dictionary<ulong, DiagnosedSocket> _byCookie = [];
    private readonly Dictionary<uint, DiagnosedSocket> _unixByInode = [];
    private readonly bool _withTcp;

    private SocketIndex(bool withTcp) => _withTcp = withTcp;

    /// <summary>The network namespace; 0: not known.</summary>
    public ulong Network { get; private set; }

    /// <summary>Asks; null: it is not possible here.</summary>
    public static SocketIndex? TryRead(bool withTcp)
    {
        var index = new SocketIndex(withTcp);
        return index.TryReadAgain() ? index : null;
    }

    /// <summary>Asks again: what was left out by chance, or is new, is there then, and nothing is forgotten.</summary>
    public bool TryReadAgain()
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

    /// <summary>Whether a socket may be among them.</summary>
    public bool Covers(SocketIdentity socket) =>
        socket.Cookie != 0 && (socket.Network == Network || socket.Network == 0 || Network == 0);

    /// <summary>A socket; null: it has gone.</summary>
    public DiagnosedSocket? Find(ulong cookie) =>
        _byCookie.TryGetValue(cookie, out DiagnosedSocket socket) ? socket : null;

    /// <summary>The peer of a Unix socket; null: it has gone, or was made meanwhile.</summary>
    public DiagnosedSocket? PeerOf(DiagnosedSocket socket) =>
        _unixByInode.TryGetValue(socket.PeerInode, out DiagnosedSocket peer) ? peer : null;
}
