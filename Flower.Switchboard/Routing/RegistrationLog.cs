// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Routing;

/// <summary>
/// The entries in the order of registration. A removed entry leaves a gap until half of the log is gaps; a cursor is
/// a sequence number, so it survives that. Owned by the directory.
/// </summary>
internal sealed class RegistrationLog<T>
    where T : class, ITarget
{
    private readonly List<(long Sequence, Entry<T>? Entry)> _slots = [];
    private int _gaps;

    // Before it are only gaps.
    private int _first;

    public int Count => _slots.Count - _gaps;

    /// <summary>The number of slots, gaps among them.</summary>
    public int Slots => _slots.Count;

    /// <summary>The entry in a slot, or null for a gap, and its sequence number.</summary>
    public (long Sequence, Entry<T>? Entry) this[int slot] => _slots[slot];

    /// <summary>The first of the entries; there is one.</summary>
    public Entry<T> First
    {
        get
        {
            while (_slots[_first].Entry is null)
            {
                _first++;
            }

            return _slots[_first].Entry!;
        }
    }

    public void Append(Entry<T> entry) => _slots.Add((entry.Sequence, entry));

    public void Remove(Entry<T> entry)
    {
        int slot = FirstAfter(entry.Sequence - 1);
        _slots[slot] = (entry.Sequence, null);
        _gaps++;
        if (_gaps > 64 && _gaps > _slots.Count / 2)
        {
            _slots.RemoveAll(static s => s.Entry is null);
            _slots.Capacity = Math.Max(64, _slots.Count * 2);
            _gaps = 0;
            _first = 0;
        }
    }

    /// <summary>The entry with a sequence number; null: there is none.</summary>
    public Entry<T>? Find(long sequence)
    {
        int slot = FirstAfter(sequence - 1);
        return slot < _slots.Count && _slots[slot].Sequence == sequence ? _slots[slot].Entry : null;
    }

    /// <summary>The first slot with a larger sequence number.</summary>
    public int FirstAfter(long sequence)
    {
        int low = 0;
        int high = _slots.Count;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            (low, high) = _slots[middle].Sequence <= sequence ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
