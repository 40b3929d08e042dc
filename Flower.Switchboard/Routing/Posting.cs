// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Routing;

/// <summary>Entries in the order of registration. Mostly there is one: it costs no list.</summary>
internal sealed class Posting<T>
    where T : class, ITarget
{
    public int Count => Many?.Count ?? (Only is null ? 0 : 1);

    public IEnumerable<Entry<T>> Entries => Many?.Entries ?? (Only is null ? [] : (IEnumerable<Entry<T>>)[Only]);

    /// <summary>One of its entries; there is one.</summary>
    public Entry<T> First => Only ?? Many!.First;

    /// <summary>The entry, if there is one.</summary>
    public Entry<T>? Only { get; private set; }

    /// <summary>The entries, if there are several.</summary>
    public Urn<T>? Many { get; private set; }

    /// <summary>Where those who take turns go on: the registration that was picked last.</summary>
    public long Turn { get; set; }

    /// <summary>Adds an entry that was registered after all that are here.</summary>
    public void Add(Entry<T> entry)
    {
        if (Many is null && Only is null)
        {
            Only = entry;
            return;
        }

        if (Many is null)
        {
            Many = new();
            Many.Add(Only!);
            Only = null;
        }

        Many.Add(entry);
    }

    public void Remove(Entry<T> entry)
    {
        if (Many is null)
        {
            Only = ReferenceEquals(Only, entry) ? null : Only;
            return;
        }

        Many.Remove(entry);
        if (Many.Count == 1)
        {
            Only = Many.First;
            Many = null;
        }
    }
}
