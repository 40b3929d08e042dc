// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Transport;
using Flower.Switchboard.State;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// How a target is while it is registered: what it says of itself, what an operator set above that, and whether it
/// answers. On the loop.
/// </summary>
/// <param name="start">What it said to begin with.</param>
internal sealed class TargetCondition(TargetUpdate? start)
{
    private const uint DefaultWeight = 100;
    private const uint MaxWeight = 65535;

    // For how many accept deadlines at most one that does not answer is left alone.
    private const int MaxRests = 12;

    // Mostly nothing is said or set.
    private static readonly TargetUpdate Nothing = new();

    // What the client library says to begin with, of a server that is as others are.
    private static readonly TargetUpdate Usual = new() { Weight = DefaultWeight, Draining = false, OpenConnections = 0 };

    private TargetUpdate _said = start is null || start.CalculateSize() == 0 ? Nothing
        : IsUsual(start) ? Usual
        : Merge(Nothing, start);
    private TargetUpdate _set = Nothing;
    private uint _unreported;
    private int _missed;
    private int _rests;
    private IDisposable? _rest;
    private Target? _target;
    private IConditionWatcher? _watcher;

    /// <summary>Keeps what is said or set that holds after a crash, too; null: nobody does.</summary>
    public TargetCall? Keeper { get; set; }

    /// <summary>Whether it drained when those who watch the board last heard of it.</summary>
    public bool WasToldToDrain { get; set; }

    public uint Weight => _set.HasWeight ? _set.Weight : _said.HasWeight ? _said.Weight : DefaultWeight;

    public bool IsDraining => _set.HasDraining ? _set.Draining : _said.Draining;

    /// <summary>
    /// It let an accept deadline pass and has not answered since. After a rest, which is longer each time, it is none any
    /// more until it was asked once.
    /// </summary>
    public bool IsSuspect { get; private set; }

    /// <summary>How many connections it says it has; null: it never said.</summary>
    public uint? OpenConnections => _said.HasOpenConnections ? _said.OpenConnections : null;

    /// <summary>How many it has: those it spoke of, and those it accepted since then. 0, if it never spoke of any.</summary>
    public long Load => _said.HasOpenConnections ? (long)_said.OpenConnections + _unreported : 0;

    /// <summary>What is wrong with an update; null: nothing.</summary>
    public static string? Check(TargetUpdate? update) =>
        update is { HasWeight: true, Weight: > MaxWeight } ? $"a weight of more than {MaxWeight}" : null;

    /// <summary>The target speaks of itself.</summary>
    public void Say(TargetUpdate update)
    {
        (uint Weight, bool IsDraining, uint? OpenConnections) before = Seen;
        // Most updates only tell how many connections there are, and repeat the rest.
        bool isKept = (update.HasWeight && !(_said.HasWeight && _said.Weight == update.Weight))
            || (update.HasDraining && !(_said.HasDraining && _said.Draining == update.Draining));
        _said = Merge(_said, update);
        _unreported = update.HasOpenConnections ? 0 : _unreported;
        if (isKept)
        {
            Change(before.IsDraining);
        }

        Tell(before);
    }

    /// <summary>An operator speaks, who has the last word.</summary>
    public void Set(TargetUpdate update)
    {
        (uint Weight, bool IsDraining, uint? OpenConnections) before = Seen;
        _set = Merge(_set, update);
        Change(before.IsDraining);
        Tell(before);
    }

    /// <summary>What an operator set is forgotten, as far as <paramref name="named"/> has a value of it.</summary>
    public void Reset(TargetUpdate named)
    {
        (uint Weight, bool IsDraining, uint? OpenConnections) before = Seen;
        TargetUpdate left = _set.Clone();
        if (named.HasWeight)
        {
            left.ClearWeight();
        }

        if (named.HasDraining)
        {
            left.ClearDraining();
        }

        _set = left;
        Change(before.IsDraining);
        Tell(before);
    }

    /// <summary>It was offered a connection. While it misses them, one offer at a time shows whether it answers again.</summary>
    public void OnOffered()
    {
        if (_missed > 0)
        {
            SetSuspect(true);
        }
    }

    /// <summary>It answered.</summary>
    public void OnAnswered(bool accepted)
    {
        _unreported += accepted ? 1u : 0u;
        if (_missed > 0)
        {
            _missed = 0;
            Stop();
            SetSuspect(false);
        }
    }

    /// <summary>It did not answer as long as somebody waited.</summary>
    /// <param name="missed">That was as long as the accept deadline.</param>
    /// <param name="acceptDeadlines">How long it rests at least.</param>
    public void OnSilent(bool missed, DeadlineQueue acceptDeadlines)
    {
        _missed += missed ? 1 : 0;
        if (_missed > 0)
        {
            Stop();
            _rests = Math.Min(_missed, MaxRests);
            SetSuspect(true);
            Rest(acceptDeadlines);
        }
    }

    /// <summary>It is gone.</summary>
    public void Stop()
    {
        _rest?.Dispose();
        _rest = null;
    }

    /// <summary>Saves it.</summary>
    public void Save(TargetState state)
    {
        state.Said = _said.Clone();
        state.Set = _set.Clone();
        state.Unreported = _unreported;
        state.Missed = (uint)_missed;
    }

    /// <summary>Saves what holds after a crash, when nobody knows what was accepted meanwhile.</summary>
    public void SaveAsNew(TargetState state)
    {
        state.Said = _said.Clone();
        if (_said.HasOpenConnections)
        {
            state.Said.OpenConnections = 0;
        }

        state.Set = _set.Clone();
    }

    /// <summary>Takes over what another process saved.</summary>
    public void Restore(TargetState state, DeadlineQueue acceptDeadlines)
    {
        _said = state.Said?.Clone() ?? _said;
        _set = state.Set?.Clone() ?? _set;
        _unreported = state.Unreported;
        _missed = (int)state.Missed;
        OnSilent(missed: false, acceptDeadlines);
    }

    /// <summary>From now on somebody is told of changes: the target is registered.</summary>
    public void Watch(Target target, IConditionWatcher watcher) => (_target, _watcher) = (target, watcher);

    /// <summary>Nobody is told any more: the target is gone.</summary>
    public void Unwatch() => (_watcher, Keeper) = (null, null);

    private (uint Weight, bool IsDraining, uint? OpenConnections) Seen => (Weight, IsDraining, OpenConnections);

    private void Tell((uint Weight, bool IsDraining, uint? OpenConnections) before)
    {
        if (before != Seen)
        {
            _watcher?.OnTold(_target!);
        }
    }

    // Generated equality does not tell 0 from what was not said.
    private static bool IsUsual(TargetUpdate start) =>
        start is { HasWeight: true, HasDraining: true, HasOpenConnections: true } && Usual.Equals(start);

    private void Change(bool drained)
    {
        _watcher?.OnChanged(_target!, drained);
        Keeper?.Keep();
    }

    private void Rest(DeadlineQueue acceptDeadlines) => _rest = acceptDeadlines.Begin(() =>
    {
        _rest = null;
        if (--_rests > 0)
        {
            Rest(acceptDeadlines);
        }
        else
        {
            SetSuspect(false);
        }
    });

    // Field by field: one that this version does not know would be kept with each update that has it, and grow.
    private static TargetUpdate Merge(TargetUpdate before, TargetUpdate update)
    {
        TargetUpdate merged = ReferenceEquals(before, Nothing) || ReferenceEquals(before, Usual) ? before.Clone() : before;
        if (update.HasWeight)
        {
            merged.Weight = update.Weight;
        }

        if (update.HasDraining)
        {
            merged.Draining = update.Draining;
        }

        if (update.HasOpenConnections)
        {
            merged.OpenConnections = update.OpenConnections;
        }

        return merged;
    }

    private void SetSuspect(bool value)
    {
        if (IsSuspect != value)
        {
            IsSuspect = value;
            _watcher?.OnChanged(_target!, IsDraining);
        }
    }
}
