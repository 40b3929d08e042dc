// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Switchboard.Sessions.Live;

/// <summary>
/// The connections that the board has made and that are open, as far as it knows: nobody tells it when one ends. So the
/// kernel is asked before they are shown, and when they have doubled; memory is in proportion to what is open, and a connect
/// costs one system call. On the loop; the kernel is asked on a thread of the pool, and what it says is looked at in slices.
/// </summary>
/// <param name="kernel">Says which sockets are open.</param>
/// <param name="isHeld">Whether the connection with an id is held to be revoked, and so is known to be open.</param>
internal sealed class LiveConnections(IOpenSockets kernel, Func<ulong, bool> isHeld)
{
    // Up to here nobody minds what has ended: a few sweeps a second of a busy board; and so many characters of labels, which most
    // clients of a kind share.
    private const int Floor = 4096;
    private const long FloorCharacters = 8 * 1024 * 1024;

    // Of what nobody can tell whether it is open, the newest are kept.
    private const int MaxUnknown = 4096;
    private const int Slice = 1024;
    private const int MostSpare = 4 * Floor;

    // To ask costs in proportion to all sockets there are: for so many of them, one connection may have ended unnoticed.
    private const int SocketsPerUnnoticed = 8;

    // Of connections that have ended; at most so many as nobody minds.
    private readonly Stack<ConnectionRecord> _unused = new();
    private List<ConnectionRecord> _all = [];

    // For the next sweep, so that it leaves no large garbage.
    private List<ConnectionRecord> _spare = [];
    private ulong _last;
    private ulong? _network;
    private int _sweepAt = Floor;
    private long _sweepAtCharacters = FloorCharacters;
    private long _characters;
    private long _restsUntil = long.MinValue;
    private Task _sweep = Task.CompletedTask;

    /// <summary>Whoever asks again so soon is told the same, or later where it takes long to find out.</summary>
    public int FreshMs { get; init; } = 100;

    /// <summary>
    /// So many times as long as it took to find out: most of the time nobody is busy with that, however many ask, which needs
    /// no right.
    /// </summary>
    public int FreshForEach { get; init; } = 4;

    /// <summary>Ends when no sweep is under way.</summary>
    public Task Sweeping => _sweep;

    /// <summary>How many are remembered.</summary>
    public int Count => _all.Count;

    /// <summary>All, in the order in which they were made.</summary>
    public IReadOnlyList<ConnectionRecord> All => _all;

    /// <summary>A record for a connection that is being made. As for <see cref="ConnectionRecord.Begin"/>.</summary>
    public ConnectionRecord Begin(ulong id, Request wish, Target target, SafeHandle? pushed)
    {
        if (!_unused.TryPop(out ConnectionRecord? connection))
        {
            connection = new();
        }

        connection.Begin(id, wish, target, pushed);
        return connection;
    }

    /// <summary>Remembers a connection that has been made.</summary>
    /// <param name="connection">From <see cref="Begin"/>; null: another process has not told.</param>
    /// <param name="socket">The client's socket, which stays its owner's; null: it has one.</param>
    public void Add(ConnectionRecord? connection, SafeHandle? socket)
    {
        if (connection is null)
        {
            return;
        }

        ulong network = socket is null || connection.Kind != ConnectionKind.Pair
            ? 0
            : _network ??= SocketIdentity.NetworkOf(socket);
        connection.Complete(++_last, socket, network);
        _all.Add(connection);
        _characters += connection.Characters;
        if ((_all.Count >= _sweepAt || _characters >= _sweepAtCharacters) && _sweep.IsCompleted)
        {
            _sweep = SweepAsync();
        }
    }

    /// <summary>Adds one that another process has made, after those that are there.</summary>
    /// <exception cref="InvalidDataException">It is not after them.</exception>
    public void Restore(ConnectionRecord connection)
    {
        if (connection.Sequence <= _last)
        {
            throw new InvalidDataException("connections that are not in the order in which they were made");
        }

        _last = connection.Sequence;
        _all.Add(connection);
        SweepWhenDoubled();
    }

    /// <summary>Forgets those that have ended, unless that was done just now.</summary>
    public Task RefreshAsync()
    {
        if (_sweep.IsCompleted && _all.Count > 0 && Environment.TickCount64 >= _restsUntil)
        {
            _sweep = SweepAsync();
        }

        return _sweep;
    }

    /// <summary>The next ones after a place, at most so many.</summary>
    public IReadOnlyList<KeyValuePair<ulong, ConnectionRecord>> After(ulong last, int most)
    {
        int low = 0;
        for (int high = _all.Count; low < high;)
        {
            int middle = (low + high) / 2;
            (low, high) = _all[middle].Sequence <= last ? (middle + 1, high) : (low, middle);
        }

        return [.. _all.GetRange(low, Math.Min(most, _all.Count - low)).Select(c => KeyValuePair.Create(c.Sequence, c))];
    }

    private async Task SweepAsync()
    {
        long began = Environment.TickCount64;
        try
        {
            await ForgetEndedAsync();
        }
        finally
        {
            long now = Environment.TickCount64;
            _restsUntil = now + Math.Max(FreshMs, (now - began) * FreshForEach);
        }
    }

    private async Task ForgetEndedAsync()
    {
        ulong last = _last;
        OpenSockets? open;
        try
        {
            bool unixOnly = _all.TrueForAll(static connection => connection.Kind == ConnectionKind.Pair);
            open = await Task.Run(() => kernel.Read(unixOnly));
        }
        catch (FlowerSocketException)
        {
            // Not at the moment: nothing is forgotten.
            SweepWhenDoubled();
            return;
        }

        int unknown = 0;
        await KeepAsync(connection =>
        {
            // What was made since the kernel was asked is open, as far as it said.
            bool? isOpen = connection.Sequence > last ? true : open is null ? null : open.Has(connection.Socket);
            if (isOpen is null && !isHeld(connection.Id))
            {
                unknown++;
            }

            return isOpen ?? true;
        });
        if (unknown > MaxUnknown)
        {
            int left = unknown - MaxUnknown;
            await KeepAsync(connection => left == 0 || connection.Sequence > last
                || open?.Has(connection.Socket) == true || isHeld(connection.Id) || left-- == 0);
        }

        SweepWhenDoubled();
        _sweepAt = Math.Max(_sweepAt, (open?.Count ?? 0) / SocketsPerUnnoticed);
    }

    private void SweepWhenDoubled()
    {
        _characters = _all.Sum(connection => (long)connection.Characters);
        _sweepAt = Math.Max(Floor, 2 * _all.Count);
        _sweepAtCharacters = Math.Max(FloorCharacters, 2 * _characters);
    }

    // In slices, between which more are added at the end, and who walks over them sees all of them.
    private async Task KeepAsync(Func<ConnectionRecord, bool> isKept)
    {
        List<ConnectionRecord> from = _all;
        List<ConnectionRecord> kept = _spare;
        for (int i = 0; i < from.Count; i++)
        {
            if (i % Slice == Slice - 1)
            {
                await Task.Yield();
            }

            if (isKept(from[i]))
            {
                kept.Add(from[i]);
            }
        }

        _all = kept;
        // Not before: whoever walks over them meanwhile finds each in its place. Both are in the same order.
        for (int i = 0, at = 0; i < from.Count && _unused.Count < Floor; i++)
        {
            if (at < kept.Count && ReferenceEquals(from[i], kept[at]))
            {
                at++;
            }
            else
            {
                from[i].Forget();
                _unused.Push(from[i]);
            }
        }

        from.Clear();
        _spare = from.Capacity > MostSpare ? [] : from;
    }
}
