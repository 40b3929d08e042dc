// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Handle = Flower.Client.Handle;

namespace Flower.Connections;

/// <summary>
/// Looks at the open connections: the board tells which there are, the kernel how they are, and /proc who has them. What
/// the kernel says is over is left out, whatever the board remembers. For one thread.
/// </summary>
internal sealed class Observer(Handle handle, LabelSet labels)
{
    private static readonly TimeSpan EverywhereEvery = TimeSpan.FromSeconds(5);

    private readonly SocketHolders _holders = new();
    private long? _lookedEverywhere;

    /// <summary>Looks.</summary>
    /// <exception cref="FlowerException">The labels contradict the handle's own, or the switchboard went away.</exception>
    public async Task<IReadOnlyList<SeenConnection>> LookAsync(CancellationToken cancellationToken)
    {
        List<ConnectionInfo> infos =
            await handle.ConnectionsAsync(labels, cancellationToken).ToListAsync(cancellationToken);
        return See(infos, ReadSockets(infos));
    }

    private static SocketIndex? ReadSockets(List<ConnectionInfo> infos)
    {
        // There may be many TCP sockets that have nothing to do with any of them.
        SocketIndex? index = infos.Count == 0
            ? null
            : SocketIndex.TryRead(withTcp: infos.Exists(info => info.Kind != ConnectionKind.Pair));
        bool isWhole = index is null || infos.TrueForAll(info =>
            !index.Covers(IdentityOf(info)) || index.Find(info.SocketCookie) is not null);
        return isWhole || index!.TryReadAgain() ? index : null;
    }

    private static SocketIdentity IdentityOf(ConnectionInfo info) => new(info.SocketCookie, info.NetworkCookie);

    private List<SeenConnection> See(List<ConnectionInfo> infos, SocketIndex? index)
    {
        var open = new List<(ConnectionInfo Info, DiagnosedSocket? Socket)>();
        foreach (ConnectionInfo info in infos)
        {
            if (index is null || !index.Covers(IdentityOf(info)))
            {
                open.Add((info, null));
            }
            else if (index.Find(info.SocketCookie) is { } socket && (socket.IsTcp || socket.PeerInode != 0))
            {
                open.Add((info, socket));
            }
        }

        IReadOnlyDictionary<uint, List<int>> holders = FindHolders(open);
        var names = new Dictionary<int, string?>();
        return [.. open.Select(seen => Join(seen.Info, seen.Socket, index, holders, names))];
    }

    private IReadOnlyDictionary<uint, List<int>> FindHolders(
        List<(ConnectionInfo Info, DiagnosedSocket? Socket)> open)
    {
        var inodes = open.Where(seen => seen.Socket is not null)
            .SelectMany(seen => new[] { seen.Socket!.Value.Inode, seen.Socket.Value.PeerInode })
            .Where(inode => inode != 0)
            .ToHashSet();
        bool everywhere = _lookedEverywhere is not { } last
            || Environment.TickCount64 - last >= EverywhereEvery.TotalMilliseconds;
        _lookedEverywhere = everywhere ? Environment.TickCount64 : _lookedEverywhere;
        return _holders.Find(
            inodes, open.SelectMany(seen => new[] { seen.Info.Client.Id, seen.Info.Target.Id }), everywhere);
    }

    private static SeenConnection Join(
        ConnectionInfo info,
        DiagnosedSocket? known,
        SocketIndex? index,
        IReadOnlyDictionary<uint, List<int>> holders,
        Dictionary<int, string?> names)
    {
        // Whose socket it is that the board remembers: of what was pushed, the target's.
        bool isTargets = info.Kind == ConnectionKind.Pushed;
        uint own = known?.Inode ?? 0;
        uint peers = known?.PeerInode ?? 0;
        var seen = new SeenConnection(
            info,
            Side(info.Client, isTargets ? peers : own, holders, names),
            Side(info.Target, isTargets ? own : peers, holders, names));
        if (known is not { } socket)
        {
            return seen;
        }

        long arrived = socket.ReceiveQueue;
        long? sent = socket.IsTcp ? socket.SendQueue : index?.PeerOf(socket)?.ReceiveQueue;
        return seen with
        {
            State = StateWord.Of(socket),
            ToClient = isTargets ? sent : arrived,
            ToTarget = isTargets ? arrived : sent,
            Tcp = socket.Tcp,
        };
    }

    private static SeenSide Side(
        ProcessInfo process, uint inode, IReadOnlyDictionary<uint, List<int>> holders, Dictionary<int, string?> names)
    {
        List<int> has = holders.GetValueOrDefault(inode) ?? [];
        int pid = has.Count > 0 ? has[0] : process.Id;
        if (!names.TryGetValue(pid, out string? name))
        {
            names.Add(pid, name = ProcessName.Of(pid));
        }

        return new(process, has, name);
    }
}
