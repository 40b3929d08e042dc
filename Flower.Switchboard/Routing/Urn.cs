// SPDX-License-Identifier: BSD-2-Clause
using System.Numerics;
using System.Runtime.InteropServices;

namespace Flower.Switchboard.Routing;

/// <summary>
/// Entries in the order of registration, from which one is drawn in proportion to its mass, in a time logarithmic in
/// their number: the masses stand in a tree of partial sums (Fenwick, Software: Practice and Experience 24, 1994). The
/// tree is made when it is first asked for, and must be told of every change from then on.
/// </summary>
internal sealed class Urn<T>
    where T : class, ITarget
{
    private readonly RegistrationLog<T> _log = new();
    private readonly List<uint> _masses = [];

    // At i, counted from 1: the sum of the masses from i - (i & -i) to i, counted from 0, without the last.
    private readonly List<long> _sums = [0];
    private bool _hasTree;

    public Urn()
    {
    }

    /// <summary>Some entries of other urns, in the order of registration, each with the same mass or its own.</summary>
    public Urn(IEnumerable<Entry<T>> entries, bool areEqual)
    {
        foreach (Entry<T> entry in entries)
        {
            _log.Append(entry);
        }

        if (areEqual)
        {
            Fill(static _ => 1);
        }
    }

    public int Count => _log.Count;

    /// <summary>The first of the entries; there is one.</summary>
    public Entry<T> First => _log.First;

    public IEnumerable<Entry<T>> Entries
    {
        get
        {
            for (int slot = 0; slot < _log.Slots; slot++)
            {
                if (_log[slot].Entry is { } entry)
                {
                    yield return entry;
                }
            }
        }
    }

    /// <summary>The sum of all masses.</summary>
    public long Total
    {
        get
        {
            if (!_hasTree)
            {
                Fill(MassOf);
            }

            return SumBefore(_masses.Count);
        }
    }

    /// <summary>Adds an entry that was registered after all that are here.</summary>
    public void Add(Entry<T> entry)
    {
        _log.Append(entry);
        if (_hasTree)
        {
            Append(MassOf(entry.Target));
        }
    }

    /// <summary>Removes an entry.</summary>
    public void Remove(Entry<T> entry)
    {
        int slots = _log.Slots;
        if (_hasTree)
        {
            Set(SlotOf(entry), 0);
        }

        _log.Remove(entry);
        // The slots have moved: whoever draws next makes the tree anew.
        _hasTree &= _log.Slots == slots;
    }

    /// <summary>The mass of an entry may be another one.</summary>
    public void Update(Entry<T> entry)
    {
        if (_hasTree)
        {
            Set(SlotOf(entry), MassOf(entry.Target));
        }
    }

    /// <summary>Counts an entry for nothing, until <see cref="Update"/>. False: it is not here.</summary>
    public bool Hide(Entry<T> entry)
    {
        int slot = SlotOf(entry);
        if (Total == 0 || slot == _log.Slots || !ReferenceEquals(_log[slot].Entry, entry))
        {
            return false;
        }

        Set(slot, 0);
        return true;
    }

    /// <summary>The entry at a point from 0 on and below <see cref="Total"/>.</summary>
    public Entry<T> At(long point)
    {
        int slot = 0;
        for (int step = (int)BitOperations.RoundUpToPowerOf2((uint)_sums.Count); step > 0; step >>= 1)
        {
            if (slot + step < _sums.Count && _sums[slot + step] <= point)
            {
                slot += step;
                point -= _sums[slot];
            }
        }

        return _log[slot].Entry!;
    }

    /// <summary>The first entry with a mass that was registered after another; null: there is none.</summary>
    public Entry<T>? After(long sequence)
    {
        long total = Total;
        long before = SumBefore(_log.FirstAfter(sequence));
        return before < total ? At(before) : null;
    }

    // 0: only where there is no other.
    private static uint MassOf(T target) => target.IsDraining || target.IsSuspect ? 0 : target.Weight;

    private int SlotOf(Entry<T> entry) => _log.FirstAfter(entry.Sequence - 1);

    private void Fill(Func<T, uint> massOf)
    {
        _masses.Clear();
        CollectionsMarshal.SetCount(_sums, 1);
        for (int slot = 0; slot < _log.Slots; slot++)
        {
            Append(_log[slot].Entry is { } entry ? massOf(entry.Target) : 0);
        }

        _hasTree = true;
    }

    private void Append(uint mass)
    {
        int last = _masses.Count;
        _masses.Add(mass);
        int at = last + 1;
        // What the sum at the new place covers besides the new mass.
        _sums.Add(mass + SumBefore(last) - SumBefore(at - (at & -at)));
    }

    private void Set(int slot, uint mass)
    {
        long change = (long)mass - _masses[slot];
        _masses[slot] = mass;
        for (int at = slot + 1; change != 0 && at < _sums.Count; at += at & -at)
        {
            _sums[at] += change;
        }
    }

    private long SumBefore(int slot)
    {
        long sum = 0;
        for (int at = slot; at > 0; at -= at & -at)
        {
            sum += _sums[at];
        }

        return sum;
    }
}
