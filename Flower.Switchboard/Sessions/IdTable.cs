// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions;

/// <summary>
/// Things by their ids, which are walked in slices: ids ascend, so a walk goes on after the last one that it saw, whatever
/// has come and gone meanwhile. On the loop.
/// </summary>
internal sealed class IdTable<T>
    where T : class
{
    private readonly Dictionary<ulong, T> _items = [];
    private readonly SortedSet<ulong> _ids = [];

    public int Count => _items.Count;

    /// <summary>In no order.</summary>
    public IReadOnlyCollection<T> Items => _items.Values;

    public T? Find(ulong id) => _items.GetValueOrDefault(id);

    public void Add(ulong id, T item)
    {
        _items.Add(id, item);
        _ids.Add(id);
    }

    /// <summary>Idempotent.</summary>
    public void Remove(ulong id)
    {
        _items.Remove(id);
        _ids.Remove(id);
    }

    /// <summary>The next ones after an id, at most so many, in ascending order.</summary>
    public IReadOnlyList<KeyValuePair<ulong, T>> After(ulong last, int most) => last == ulong.MaxValue
        ? []
        : [.. _ids.GetViewBetween(last + 1, ulong.MaxValue).Take(most).Select(id => KeyValuePair.Create(id, _items[id]))];
}
