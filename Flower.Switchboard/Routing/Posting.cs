// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Routing;

/// <summary>Entries in the order of registration. Mostly there is one: it costs no list.</summary>
internal sealed class Posting<T>
    where T : class, ITarget
{
    private Entry<T>? _only;

    public int Count => Many?.Count ?? (_only is null ? 0 : 1);

    public IEnumerable<Entry<T>> Entries => Many?.Entries ?? (_only is null ? [] : (IEnumerable<Entry<T>>)[_only]);

    /// <summary>The entries, if there are several.</summary>
    public Urn<T>? Many { get; private set; }

    /// <summary>Where those who take turns go on: the registration that was picked last.</summary>
    public long Turn { get; set; }

    /// <summary>Adds an entry that was registered after all that are here.</summary>
    public void Add(Entry<T> entry)
    {
        if (Many is null && _only is null)
        {
            _only = entry;
            return;
        }

        if (Many is null)
        {
            Many = new();
            Many.Add(_only!);
            _only = null;
        }

        Many.Add(entry);
    }

    public void Remove(Entry<T> entry)
    {
        if (Many is null)
        {
            _only = ReferenceEquals(_only, entry) ? null : _only;
            return;
        }

        Many.Remove(entry);
        if (Many.Count == 1)
        {
            _only = Many.Entries.First();
            Many = null;
        }
    }
}
