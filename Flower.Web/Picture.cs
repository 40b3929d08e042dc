// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;

namespace Flower.Web;

/// <summary>
/// What pages show: parts, each with the number of the change that brought it. A page that has seen all changes up to one
/// is told those after it; so whoever reads slowly is told less often, and nothing waits for it. For any thread.
/// </summary>
internal sealed class Picture
{
    private const int MaxRemovals = 20_000;
    private const int MaxHistory = 5_000;
    private static readonly long HistorySpan = (long)TimeSpan.FromMinutes(5).TotalMilliseconds;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Part> _targets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Part> _connections = new(StringComparer.Ordinal);
    private readonly Queue<(long Change, bool IsTarget, string Id)> _removals = new();
    private readonly Queue<(long Change, long Time, byte[] Json)> _history = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Part _status = new(0, []);
    private Part _stats = new(0, []);
    private long _change;

    // What was removed up to this change is not remembered one by one.
    private long _forgotten;

    /// <summary>Completes with the next change.</summary>
    public Task Changed
    {
        get
        {
            lock (_lock)
            {
                return _changed.Task;
            }
        }
    }

    /// <summary>A target is there, and so.</summary>
    public void SetTarget(string id, byte[] json) => Change(() => Set(_targets, id, json));

    /// <summary>A connection is there, and so.</summary>
    public void SetConnection(string id, byte[] json) => Change(() => Set(_connections, id, json));

    /// <summary>A target has gone.</summary>
    public void RemoveTarget(string id) => Change(() => Remove(_targets, id, isTarget: true));

    /// <summary>A connection has gone.</summary>
    public void RemoveConnection(string id) => Change(() => Remove(_connections, id, isTarget: false));

    /// <summary>Something has happened.</summary>
    public void Add(long time, byte[] json) => Change(() =>
    {
        _history.Enqueue((++_change, time, json));
        while (_history.Count > MaxHistory || _history.Peek().Time < time - HistorySpan)
        {
            _history.Dequeue();
        }

        return true;
    });

    /// <summary>Whether the board answers.</summary>
    public void SetStatus(byte[] json) => Change(() => Set(ref _status, json));

    /// <summary>Figures.</summary>
    public void SetStats(byte[] json) => Change(() => Set(ref _stats, json));

    /// <summary>Nothing is known of the board any more; what has happened has happened.</summary>
    public void Clear() => Change(() =>
    {
        _targets.Clear();
        _connections.Clear();
        _removals.Clear();
        _forgotten = ++_change;
        return true;
    });

    /// <summary>What has changed since a change.</summary>
    /// <param name="seen">The last change that was told; 0: none. Then the last one of all.</param>
    /// <returns>A message; null: nothing has.</returns>
    public byte[]? Since(ref long seen)
    {
        lock (_lock)
        {
            if (seen == _change)
            {
                return null;
            }

            bool isAll = seen == 0 || seen < _forgotten;
            long from = isAll ? 0 : seen;
            seen = _change;
            return BoardJson.Make(writer =>
            {
                if (isAll)
                {
                    writer.WriteBoolean("reset", true);
                }

                Write(writer, "status", _status, from);
                Write(writer, "stats", _stats, from);
                Write(writer, "targets", _targets.Values.Where(part => part.Change > from).Select(part => part.Json));
                Write(writer, "connections", _connections.Values.Where(part => part.Change > from).Select(part => part.Json));
                Write(writer, "history", _history.Where(told => told.Change > from).Select(told => told.Json));
                if (!isAll)
                {
                    WriteRemoved(writer, "removedTargets", _targets, from, isTarget: true);
                    WriteRemoved(writer, "removedConnections", _connections, from, isTarget: false);
                }
            });
        }
    }

    private static void Write(Utf8JsonWriter writer, string name, Part part, long from)
    {
        if (part.Change > from)
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(part.Json, skipInputValidation: true);
        }
    }

    private static void Write(Utf8JsonWriter writer, string name, IEnumerable<byte[]> parts)
    {
        bool hasAny = false;
        foreach (byte[] json in parts)
        {
            if (!hasAny)
            {
                writer.WriteStartArray(name);
                hasAny = true;
            }

            writer.WriteRawValue(json, skipInputValidation: true);
        }

        if (hasAny)
        {
            writer.WriteEndArray();
        }
    }

    // What has come again meanwhile is not removed.
    private void WriteRemoved(Utf8JsonWriter writer, string name, Dictionary<string, Part> parts, long from, bool isTarget)
    {
        List<string> ids = [.. _removals
            .Where(removal => removal.Change > from && removal.IsTarget == isTarget && !parts.ContainsKey(removal.Id))
            .Select(removal => removal.Id)];
        if (ids.Count > 0)
        {
            BoardJson.WriteWords(writer, name, ids);
        }
    }

    private void Change(Func<bool> change)
    {
        TaskCompletionSource waiters;
        lock (_lock)
        {
            if (!change())
            {
                return;
            }

            waiters = _changed;
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiters.SetResult();
    }

    private bool Set(Dictionary<string, Part> parts, string id, byte[] json)
    {
        if (parts.TryGetValue(id, out Part? known) && known.Json.AsSpan().SequenceEqual(json))
        {
            return false;
        }

        parts[id] = new(++_change, json);
        return true;
    }

    private bool Set(ref Part part, byte[] json)
    {
        if (part.Json.AsSpan().SequenceEqual(json))
        {
            return false;
        }

        part = new(++_change, json);
        return true;
    }

    private bool Remove(Dictionary<string, Part> parts, string id, bool isTarget)
    {
        if (!parts.Remove(id))
        {
            return false;
        }

        _removals.Enqueue((++_change, isTarget, id));
        if (_removals.Count > MaxRemovals)
        {
            _forgotten = _removals.Dequeue().Change;
        }

        return true;
    }

    private sealed record Part(long Change, byte[] Json);
}
