// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Routing;

/// <summary>Entries in the order of registration. Mostly there is one: it costs no tree.</summary>
internal sealed class Posting<T>
    where T : class, ITarget
{
    private Entry<T>? _only;
    private SortedSet<Entry<T>>? _many;

    public int Count => _many?.Count ?? (_only is null ? 0 : 1);

    public IEnumerable<Entry<T>> Entries => _many ?? (_only is null ? [] : (IEnumerable<Entry<T>>)[_only]);

    public void Add(Entry<T> entry)
    {
        if (_many is not null)
        {
            _many.Add(entry);
        }
        else if (_only is not null)
        {
            _many = [_only, entry];
            _only = null;
        }
        else
        {
            _only = entry;
        }
    }

    public void Remove(Entry<T> entry)
    {
        if (_many is null)
        {
            _only = ReferenceEquals(_only, entry) ? null : _only;
            return;
        }

        _many.Remove(entry);
        if (_many.Count == 1)
        {
            _only = _many.Min;
            _many = null;
        }
    }
}
