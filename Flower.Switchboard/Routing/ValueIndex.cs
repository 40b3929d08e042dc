// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;

namespace Flower.Switchboard.Routing;

/// <summary>The entries of one group by the values of some of its keys. Owned by the group.</summary>
internal sealed class ValueIndex<T>(ImmutableArray<string> keys)
    where T : class, ITarget
{
    private static readonly Posting<T> Nothing = new();
    private readonly Dictionary<ValueKey, Posting<T>> _postings = [];

    public ImmutableArray<string> Keys => keys;

    /// <summary>The entries with the values that <paramref name="values"/> has; it has all the keys.</summary>
    public Posting<T> Find(LabelSet values) => _postings.GetValueOrDefault(KeyOf(values), Nothing);

    public void Add(Entry<T> entry)
    {
        ValueKey key = KeyOf(entry.Indexed);
        if (!_postings.TryGetValue(key, out Posting<T>? posting))
        {
            posting = new();
            _postings.Add(key, posting);
        }

        posting.Add(entry);
    }

    public void Remove(Entry<T> entry)
    {
        ValueKey key = KeyOf(entry.Indexed);
        if (_postings.TryGetValue(key, out Posting<T>? posting))
        {
            posting.Remove(entry);
            if (posting.Count == 0)
            {
                _postings.Remove(key);
            }
        }
    }

    private ValueKey KeyOf(LabelSet set)
    {
        string[] values = new string[keys.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = set[keys[i]]!;
        }

        return new(values);
    }
}
