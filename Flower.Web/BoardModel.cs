// SPDX-License-Identifier: BSD-2-Clause
using Flower.Inspection;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Grpc.Core;

namespace Flower.Web;

/// <summary>
/// Makes the picture of what the board tells: events as they happen, and all open connections from time to time. For any
/// thread.
/// </summary>
internal sealed class BoardModel(Picture picture)
{
    // Of more refusals than these in an interval only the number is told.
    private const int MaxRefusals = 20;
    private static readonly long Interval = (long)TimeSpan.FromMilliseconds(500).TotalMilliseconds;

    private readonly Lock _lock = new();
    private readonly TargetBook _targets = new(picture);
    private readonly Dictionary<ulong, PanelConnection> _connections = [];
    private long _intervalEnds;
    private long _lastRefusal;
    private int _accepted;
    private int _refused;
    private int _told;

    /// <summary>What is made.</summary>
    public Picture Picture => picture;

    /// <summary>Nothing is known any more.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _targets.Clear();
            _connections.Clear();
            picture.Clear();
        }
    }

    /// <summary>Takes an event in; true: connections may be others now.</summary>
    public bool Apply(Event told)
    {
        lock (_lock)
        {
            switch (told.WhatCase)
            {
                case Event.WhatOneofCase.SnapshotBegun:
                    _targets.BeginSnapshot();
                    return false;
                case Event.WhatOneofCase.SnapshotEnded:
                    _targets.EndSnapshot();
                    return true;
                case Event.WhatOneofCase.Target when told.Target.Change == TargetChange.Removed:
                    _targets.Remove(told.Target.TargetId);
                    return true;
                case Event.WhatOneofCase.Target:
                    _targets.Set(told.Target.TargetId, told.Target.Target ?? new());
                    return told.Target.Change == TargetChange.Added;
                case Event.WhatOneofCase.Connect:
                    return Apply(told, told.Connect);
                case Event.WhatOneofCase.Quota:
                    QuotaEvent quota = told.Quota;
                    Refuse(
                        told, quota.Process, StatusCode.ResourceExhausted, $"{quota.Quota} of {quota.Budget}, limit {quota.Limit}", null);
                    return false;
                case Event.WhatOneofCase.Refused:
                    RefusedCall call = told.Refused;
                    Refuse(told, call.Process, (StatusCode)call.Code, $"{call.Method}: {call.Reason}", null);
                    return false;
                default:
                    return false;
            }
        }
    }

    /// <summary>Tells of refusals that happened before anybody looked, the latest first.</summary>
    public void Remember(IReadOnlyList<RecordedRefusal> refusals)
    {
        lock (_lock)
        {
            foreach (RecordedRefusal refusal in refusals.Reverse().Where(refusal => refusal.TimeMs > _lastRefusal))
            {
                Tell(new() { TimeMs = refusal.TimeMs }, refusal.Call.Process, (StatusCode)refusal.Call.Code,
                    $"{refusal.Call.Method}: {refusal.Call.Reason}", null, null);
            }
        }
    }

    /// <summary>Tells of what is only counted.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            if (now < _intervalEnds)
            {
                return;
            }

            _intervalEnds = now + Interval;
            if (_accepted > 0)
            {
                picture.Add(now, BoardJson.Several(now, "accepted", _accepted));
            }

            if (_refused > _told)
            {
                picture.Add(now, BoardJson.Several(now, "refused-others", _refused - _told));
            }

            (_accepted, _refused, _told) = (0, 0, 0);
        }
    }

    /// <summary>These connections are open, and no others. Until the targets are known, they are not shown.</summary>
    /// <param name="told">What the board says.</param>
    /// <param name="sockets">What the kernel says; null: it cannot be asked.</param>
    public void Update(IReadOnlyList<LiveConnection> told, SocketIndex? sockets)
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var names = new Dictionary<int, string?>();
        lock (_lock)
        {
            if (!_targets.IsWhole)
            {
                return;
            }

            var ghosts = new HashSet<string>(StringComparer.Ordinal);
            var gone = new HashSet<ulong>(_connections.Keys);
            foreach (LiveConnection connection in told)
            {
                if (MayBeOpen(sockets, connection, out SocketMeasures? measures))
                {
                    gone.Remove(connection.Id);
                    Show(connection, _targets.Of(connection, ghosts), measures?.State ?? StateWord.Unknown, now, names);
                }
            }

            foreach (ulong id in gone)
            {
                _connections.Remove(id);
                picture.RemoveConnection(BoardJson.Id(id));
            }

            _targets.KeepGhosts(ghosts);
        }
    }

    /// <summary>A connection that is shown; null: there is none with this id.</summary>
    public LiveConnection? Find(ulong id)
    {
        lock (_lock)
        {
            return _connections.GetValueOrDefault(id)?.Told;
        }
    }

    /// <summary>The number of its socket.</summary>
    public static SocketIdentity IdentityOf(LiveConnection connection) =>
        new(connection.SocketCookie, connection.NetworkCookie);

    /// <summary>Whether it is still there, as for <see cref="SocketIndex.MayBeOpen"/>.</summary>
    public static bool MayBeOpen(SocketIndex? sockets, LiveConnection connection, out SocketMeasures? measures) =>
        SocketIndex.MayBeOpen(
            sockets, IdentityOf(connection), isTargets: connection.Kind == ConnectionKind.Pushed, out measures);

    private void Show(LiveConnection told, string targetId, string state, long now, Dictionary<int, string?> names)
    {
        if (_connections.TryGetValue(told.Id, out PanelConnection? known) && known.IsOf(told))
        {
            if (known.TargetId == targetId && known.State == state)
            {
                return;
            }

            known = known with { TargetId = targetId, State = state };
        }
        else
        {
            known = new(
                told, targetId, now - (long)told.AgeMs, state, Name(told.Client, names), Name(told.Target, names));
        }

        _connections[told.Id] = known;
        picture.SetConnection(BoardJson.Id(told.Id), BoardJson.Connection(known));
    }

    private bool Apply(Event told, ConnectEvent connect)
    {
        switch (connect.Step)
        {
            case ConnectStep.Accepted:
                _accepted++;
                _targets.Made(connect.ConnectionId, connect.TargetId);
                return true;
            case ConnectStep.Refused:
                string? near = connect.NearMisses.Count == 0 ? null : _targets.Find(connect.NearMisses[0].Target?.Labels ?? []);
                Refuse(told, connect.Client, (StatusCode)connect.Code, connect.Reason, connect, near);
                return false;
            default:
                return false;
        }
    }

    private void Refuse(
        Event told, ProcessCredentials? client, StatusCode code, string reason, ConnectEvent? connect, string? near = null)
    {
        _refused++;
        if (_told < MaxRefusals)
        {
            _told++;
            Tell(told, client, code, reason, connect, near);
        }
    }

    private void Tell(
        Event told, ProcessCredentials? client, StatusCode code, string reason, ConnectEvent? connect, string? near)
    {
        _lastRefusal = Math.Max(_lastRefusal, told.TimeMs);
        picture.Add(
            told.TimeMs,
            BoardJson.Refusal(told, client, client is null ? null : ProcessName.Of(client.Pid), code, reason, connect, near));
    }

    private static string? Name(ProcessCredentials? process, Dictionary<int, string?> names)
    {
        if (process is null)
        {
            return null;
        }

        if (!names.TryGetValue(process.Pid, out string? name))
        {
            names.Add(process.Pid, name = ProcessName.Of(process.Pid));
        }

        return name;
    }
}
