// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Text;
using Flower.Inspection;
using Flower.Protocol.V1;

namespace Flower.Web;

/// <summary>
/// The targets that pages show: those that are registered, and those that are not any more but have open connections. Finds
/// the target of a connection, which the board tells by its labels alone. For one thread at a time.
/// </summary>
internal sealed class TargetBook(Picture picture)
{
    private const string ProcessKey = "flower.server_pid";
    private const int MaxMade = 20_000;

    private readonly Dictionary<ulong, (Target Told, string Key)> _live = [];
    private readonly Dictionary<string, ulong> _byLabels = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, ulong> _madeWith = [];
    private readonly HashSet<ulong> _stale = [];
    private readonly HashSet<string> _ghosts = new(StringComparer.Ordinal);

    /// <summary>Whether all targets are known. Before, those of connections would be taken for gone.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Nothing is known any more.</summary>
    public void Clear()
    {
        IsWhole = false;
        _live.Clear();
        _byLabels.Clear();
        _madeWith.Clear();
        _stale.Clear();
        _ghosts.Clear();
    }

    /// <summary>A snapshot begins: what it does not tell has gone.</summary>
    public void BeginSnapshot()
    {
        _stale.UnionWith(_live.Keys);
        _madeWith.Clear();
    }

    /// <summary>The snapshot is complete.</summary>
    public void EndSnapshot()
    {
        foreach (ulong id in _stale)
        {
            Remove(id);
        }

        _stale.Clear();
        IsWhole = true;
    }

    /// <summary>A target is there, and so.</summary>
    public void Set(ulong id, Target target)
    {
        _stale.Remove(id);
        string key = KeyOf(target.Labels);
        if (_live.TryGetValue(id, out (Target Told, string Key) known) && known.Key != key)
        {
            Remove(id);
        }

        _live[id] = (target, key);
        _byLabels[key] = id;
        picture.SetTarget(BoardJson.Id(id), BoardJson.Target(BoardJson.Id(id), target, CommandOf(target.Labels), isGone: false));
    }

    /// <summary>A target has gone.</summary>
    public void Remove(ulong id)
    {
        if (_live.Remove(id, out (Target Told, string Key) known))
        {
            if (_byLabels.GetValueOrDefault(known.Key) == id)
            {
                _byLabels.Remove(known.Key);
            }

            picture.RemoveTarget(BoardJson.Id(id));
        }
    }

    /// <summary>A connection was made with a target.</summary>
    public void Made(ulong connection, ulong target)
    {
        if (_madeWith.Count >= MaxMade)
        {
            _madeWith.Clear();
        }

        _madeWith[connection] = target;
    }

    /// <summary>The id of a registered target with these labels; null: there is none.</summary>
    public string? Find(IEnumerable<Label> labels) =>
        _byLabels.TryGetValue(KeyOf(labels), out ulong id) ? BoardJson.Id(id) : null;

    /// <summary>The target of a connection; one that is not registered any more is shown as gone.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="ghosts">Gets its id then.</param>
    public string Of(LiveConnection connection, HashSet<string> ghosts)
    {
        string key = KeyOf(connection.TargetLabels);
        if (_madeWith.TryGetValue(connection.Id, out ulong made) && _live.TryGetValue(made, out (Target Told, string Key) known)
            && known.Key == key)
        {
            return BoardJson.Id(made);
        }

        if (_byLabels.TryGetValue(key, out ulong id))
        {
            return BoardJson.Id(id);
        }

        string ghost = string.Create(CultureInfo.InvariantCulture, $"gone {connection.TargetHandle} {key}");
        if (ghosts.Add(ghost) && _ghosts.Add(ghost))
        {
            var target = new Target { Kind = connection.Kind == ConnectionKind.EgressSocket ? TargetKind.Egress : TargetKind.Server };
            target.Labels.AddRange(connection.TargetLabels);
            picture.SetTarget(ghost, BoardJson.Target(ghost, target, CommandOf(target.Labels), isGone: true));
        }

        return ghost;
    }

    /// <summary>No others have gone and open connections.</summary>
    public void KeepGhosts(HashSet<string> ghosts)
    {
        foreach (string ghost in _ghosts.Except(ghosts).ToList())
        {
            _ghosts.Remove(ghost);
            picture.RemoveTarget(ghost);
        }
    }

    // Sorted, as the board tells them; a key holds no '=' and a value no NUL.
    private static string KeyOf(IEnumerable<Label> labels)
    {
        var key = new StringBuilder();
        foreach (Label label in labels)
        {
            key.Append(label.Key).Append('=').Append(label.Value).Append('\0');
        }

        return key.ToString();
    }

    private static string? CommandOf(IEnumerable<Label> labels) =>
        int.TryParse(labels.FirstOrDefault(label => label.Key == ProcessKey)?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
            ? ProcessName.Of(pid)
            : null;
}
