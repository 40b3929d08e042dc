// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;

namespace Flower.Switchboard.Routing;

/// <summary>The entries of one group by the values of some of its keys. Owned by the group.</summary>
internal sealed class ValueIndex<T>
    where T : class, ITarget
{
    private static readonly Posting<T> Nothing = new();

    // None is empty, so each says by one of its entries which values it is for.
    private readonly HashSet<Posting<T>> _postings;
    private readonly HashSet<Posting<T>>.AlternateLookup<LabelSet> _byValues;

    public ValueIndex(ImmutableArray<string> keys)
    {
        Keys = keys;
        _postings = new(new ByValues(keys));
        _byValues = _postings.GetAlternateLookup<LabelSet>();
    }

    public ImmutableArray<string> Keys { get; }

    /// <summary>The entries with the values that <paramref name="values"/> has; it has all the keys.</summary>
    public Posting<T> Find(LabelSet values) => _byValues.TryGetValue(values, out Posting<T>? posting) ? posting : Nothing;

    public void Add(Entry<T> entry)
    {
        if (_byValues.TryGetValue(entry.Indexed, out Posting<T>? posting))
        {
            posting.Add(entry);
        }
        else
        {
            posting = new();
            posting.Add(entry);
            _postings.Add(posting);
        }
    }

    public void Remove(Entry<T> entry)
    {
        if (_byValues.TryGetValue(entry.Indexed, out Posting<T>? posting))
        {
            if (posting.Count == 1 && ReferenceEquals(posting.First, entry))
            {
                _byValues.Remove(entry.Indexed);
            }

            posting.Remove(entry);
        }
    }

    /// <summary>
    /// By the values of the index's keys. Equality compares the values themselves, so a collision of hashes costs time and nothing
    /// else; string hashes are seeded a process, so nobody can prepare collisions.
    /// </summary>
    private sealed class ByValues(ImmutableArray<string> keys)
        : IEqualityComparer<Posting<T>>, IAlternateEqualityComparer<LabelSet, Posting<T>>
    {
        public bool Equals(Posting<T>? x, Posting<T>? y) =>
            ReferenceEquals(x, y) || (x is not null && y is not null && Equals(x.First.Indexed, y));

        public int GetHashCode(Posting<T> posting) => GetHashCode(posting.First.Indexed);

        public bool Equals(LabelSet values, Posting<T> posting) => KeyGroup<T>.HasValues(posting.First, values, keys);

        public int GetHashCode(LabelSet values)
        {
            HashCode hash = default;
            foreach (string key in keys)
            {
                hash.Add(values[key]!, StringComparer.Ordinal);
            }

            return hash.ToHashCode();
        }

        public Posting<T> Create(LabelSet values) => throw new NotSupportedException("a posting is made of an entry");
    }
}
