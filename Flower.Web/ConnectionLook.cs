// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Inspection;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;

namespace Flower.Web;

/// <summary>Looks at one connection closely: the kernel says how it is, and /proc who has it. For any thread.</summary>
internal sealed class ConnectionLook : IDisposable
{
    private static readonly TimeSpan EverywhereEvery = TimeSpan.FromSeconds(5);

    // All processes are looked at: by one at a time, however many look.
    private readonly SemaphoreSlim _one = new(1);
    private readonly Dictionary<ulong, long> _lookedEverywhere = [];
    private readonly SocketHolders _holders = new();

    /// <summary>What is seen, as JSON; null: it is over.</summary>
    public async Task<byte[]?> LookAsync(LiveConnection connection, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => Look(connection), cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private byte[]? Look(LiveConnection connection)
    {
        SocketIdentity socket = BoardModel.IdentityOf(connection);
        var index = SocketIndex.TryRead([socket], withTcp: connection.Kind != ConnectionKind.Pair);
        if (!BoardModel.MayBeOpen(index, connection, out SocketMeasures? seen))
        {
            return null;
        }

        if (seen is not { } measures)
        {
            return BoardJson.Make(writer => writer.WriteString("state", StateWord.Unknown));
        }

        uint[] inodes = [measures.ClientInode, measures.TargetInode];
        bool everywhere = IsDue(connection.Id);
        IReadOnlyDictionary<uint, List<int>> holders = _holders.Find(
            inodes.Where(inode => inode != 0).ToHashSet(), [connection.Client?.Pid ?? 0, connection.Target?.Pid ?? 0], everywhere);
        return BoardJson.Make(writer => Write(writer, measures, holders));
    }

    private bool IsDue(ulong id)
    {
        long now = Environment.TickCount64;
        if (_lookedEverywhere.TryGetValue(id, out long last) && now - last < EverywhereEvery.TotalMilliseconds)
        {
            return false;
        }

        foreach (ulong old in _lookedEverywhere.Where(l => now - l.Value > EverywhereEvery.TotalMilliseconds).Select(l => l.Key).ToList())
        {
            _lookedEverywhere.Remove(old);
        }

        _lookedEverywhere[id] = now;
        return true;
    }

    private static void Write(Utf8JsonWriter writer, SocketMeasures measures, IReadOnlyDictionary<uint, List<int>> holders)
    {
        writer.WriteString("state", measures.State);
        Write(writer, "toClient", measures.ToClient);
        Write(writer, "toTarget", measures.ToTarget);
        Write(writer, "clientHolders", holders.GetValueOrDefault(measures.ClientInode) ?? []);
        Write(writer, "targetHolders", holders.GetValueOrDefault(measures.TargetInode) ?? []);
        if (measures.Tcp is { } tcp)
        {
            writer.WriteStartObject("tcp");
            Write(writer, "sent", (long?)tcp.SentBytes);
            Write(writer, "received", (long?)tcp.ReceivedBytes);
            writer.WriteNumber("rtt", tcp.RoundTripMicroseconds);
            writer.WriteNumber("retransmits", tcp.Retransmits);
            writer.WriteEndObject();
        }
    }

    private static void Write(Utf8JsonWriter writer, string name, List<int> pids)
    {
        writer.WriteStartArray(name);
        foreach (int pid in pids)
        {
            writer.WriteStartObject();
            writer.WriteNumber("pid", pid);
            writer.WriteString("command", ProcessName.Of(pid));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, string name, long? number)
    {
        if (number is { } known)
        {
            writer.WriteNumber(name, known);
        }
    }
}
