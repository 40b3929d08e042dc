// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Inspection;
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
    public async Task<IReadOnlyList<ObservedConnection>> LookAsync(CancellationToken cancellationToken)
    {
        List<ConnectionInfo> infos =
            await handle.ConnectionsAsync(labels, cancellationToken).ToListAsync(cancellationToken);
        return See(infos, SocketIndex.TryRead(
            [.. infos.Select(IdentityOf)], withTcp: infos.Exists(info => info.Kind != ConnectionKind.Pair)));
    }

    private static SocketIdentity IdentityOf(ConnectionInfo info) => new(info.SocketCookie, info.NetworkCookie);

    private List<ObservedConnection> See(List<ConnectionInfo> infos, SocketIndex? index)
    {
        var open = new List<(ConnectionInfo Info, SocketMeasures? Socket)>();
        foreach (ConnectionInfo info in infos)
        {
            bool isTargets = info.Kind == ConnectionKind.Pushed;
            if (SocketIndex.MayBeOpen(index, IdentityOf(info), isTargets, out SocketMeasures? socket))
            {
                open.Add((info, socket));
            }
        }

        IReadOnlyDictionary<uint, List<int>> holders = FindHolders(open);
        var names = new Dictionary<int, string?>();
        return [.. open.Select(seen => Join(seen.Info, seen.Socket, holders, names))];
    }

    private IReadOnlyDictionary<uint, List<int>> FindHolders(List<(ConnectionInfo Info, SocketMeasures? Socket)> open)
    {
        var inodes = open.Where(seen => seen.Socket is not null)
            .SelectMany(seen => new[] { seen.Socket!.ClientInode, seen.Socket.TargetInode })
            .Where(inode => inode != 0)
            .ToHashSet();
        bool everywhere = _lookedEverywhere is not { } last
            || Environment.TickCount64 - last >= EverywhereEvery.TotalMilliseconds;
        _lookedEverywhere = everywhere ? Environment.TickCount64 : _lookedEverywhere;
        return _holders.Find(
            inodes, open.SelectMany(seen => new[] { seen.Info.Client.Id, seen.Info.Target.Id }), everywhere);
    }

    private static ObservedConnection Join(
        ConnectionInfo info,
        SocketMeasures? socket,
        IReadOnlyDictionary<uint, List<int>> holders,
        Dictionary<int, string?> names)
    {
        var seen = new ObservedConnection(
            info,
            Side(info.Client, socket?.ClientInode ?? 0, holders, names),
            Side(info.Target, socket?.TargetInode ?? 0, holders, names));
        return socket is null
            ? seen
            : seen with { State = socket.State, ToClient = socket.ToClient, ToTarget = socket.ToTarget, Tcp = socket.Tcp };
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
