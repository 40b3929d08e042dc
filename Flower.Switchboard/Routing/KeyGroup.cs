// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>
/// The targets of one kind with the same label keys and the same required keys: one tuple of the tuple space search.
/// What only depends on keys is decided once for all of them; what depends on values is one lookup in an index over the
/// keys that are asked for, made when it is first asked for. The number of indexes is capped, since each costs memory
/// for every target; the last place is kept for the targets' own keys, which every registration asks for.
/// </summary>
internal sealed class KeyGroup<T>(TargetKind kind, LabelSet own, LabelSet indexed, string signature)
    where T : class, ITarget
{
    /// <summary>The most indexes over several keys.</summary>
    internal const int MaxIndexes = 8;

    // Up to here looking at each is cheaper than an index.
    private const int SmallCount = 8;

    private readonly Posting<T> _all = new();
    private readonly Dictionary<string, ValueIndex<T>> _byKey = new(StringComparer.Ordinal);
    private readonly List<ValueIndex<T>> _byKeys = [];

    /// <summary>The kind of its targets.</summary>
    public TargetKind Kind => kind;

    /// <summary>What its targets, and no others of their kind, have the same: their keys.</summary>
    public string Signature => signature;

    /// <summary>Keys of the labels, the attested ones among them.</summary>
    public ImmutableArray<string> LabelKeys { get; } = SortedKeys.OfLabels(indexed);

    /// <summary>Keys of the labels that the targets state themselves.</summary>
    public ImmutableArray<string> OwnKeys { get; } = SortedKeys.OfLabels(own);

    /// <summary>Keys that the targets require.</summary>
    public ImmutableArray<string> RequiredKeys { get; } = own.RequiredKeys;

    /// <summary><see cref="OwnKeys"/> and <see cref="RequiredKeys"/>.</summary>
    public ImmutableArray<string> OwnStatedKeys { get; } = SortedKeys.Stated(own);

    /// <summary><see cref="LabelKeys"/> and <see cref="RequiredKeys"/>.</summary>
    public ImmutableArray<string> StatedKeys { get; } = SortedKeys.Stated(indexed);

    public int Count => _all.Count;

    /// <summary>How many indexes over several keys there are.</summary>
    internal int IndexCount => _byKeys.Count;

    public void Add(Entry<T> entry)
    {
        _all.Add(entry);
        foreach (ValueIndex<T> index in _byKey.Values)
        {
            index.Add(entry);
        }

        foreach (ValueIndex<T> index in _byKeys)
        {
            index.Add(entry);
        }
    }

    public void Remove(Entry<T> entry)
    {
        _all.Remove(entry);
        foreach (ValueIndex<T> index in _byKey.Values)
        {
            index.Remove(entry);
        }

        foreach (ValueIndex<T> index in _byKeys)
        {
            index.Remove(entry);
        }
    }

    /// <summary>What a target says of itself has changed: how much it takes, or whether it does.</summary>
    public void Update(Entry<T> entry)
    {
        _all.Many?.Update(entry);
        foreach (ValueIndex<T> index in _byKey.Values.Concat(_byKeys))
        {
            index.Find(entry.Indexed).Many?.Update(entry);
        }
    }

    /// <summary>Whether each side states every key that the other requires.</summary>
    public bool StatesAndIsStated(LabelSet request, ImmutableArray<string> requestKeys) =>
        SortedKeys.IsSubset(RequiredKeys, requestKeys) && SortedKeys.IsSubset(request.RequiredKeys, StatedKeys);

    /// <summary>
    /// Whether targets with these own keys could not be told from these here, were the values the same: one set
    /// includes the other, or the labels are the same and the stated keys are.
    /// </summary>
    public bool IsConfusable(
        ImmutableArray<string> labels, ImmutableArray<string> required, ImmutableArray<string> stated) =>
        !OwnStatedKeys.IsEmpty
        && ((SortedKeys.IsSubset(labels, OwnKeys) && SortedKeys.IsSubset(required, RequiredKeys))
            || (SortedKeys.IsSubset(OwnKeys, labels) && SortedKeys.IsSubset(RequiredKeys, required))
            || (SortedKeys.Same(labels, OwnKeys) && SortedKeys.Same(stated, OwnStatedKeys)));

    /// <summary>
    /// The entries whose labels have the values of <paramref name="values"/> at <paramref name="keys"/>, which are
    /// among <see cref="LabelKeys"/>; in the order of registration.
    /// </summary>
    public IEnumerable<Entry<T>> Probe(LabelSet values, ImmutableArray<string> keys)
    {
        Posting<T> posting = FindSome(values, keys, out bool isExact);
        return isExact ? posting.Entries : Filter(posting, values, keys);
    }

    /// <summary>As <see cref="Find"/>, but no index is made for a few.</summary>
    public Posting<T> FindSome(LabelSet values, ImmutableArray<string> keys, out bool isExact)
    {
        isExact = keys.IsEmpty;
        return Count <= SmallCount ? _all : Find(values, keys, out isExact);
    }

    /// <summary>
    /// A posting that has all entries with these values, as in <see cref="Probe"/>; others too, unless
    /// <paramref name="isExact"/>.
    /// </summary>
    public Posting<T> Find(LabelSet values, ImmutableArray<string> keys, out bool isExact)
    {
        isExact = true;
        if (keys.IsEmpty)
        {
            return _all;
        }

        if (keys.Length == 1)
        {
            return IndexOf(keys[0]).Find(values);
        }

        if (IndexOf(keys) is { } index)
        {
            return index.Find(values);
        }

        isExact = false;
        Posting<T> shortest = _all;
        foreach (string key in keys)
        {
            Posting<T> posting = IndexOf(key).Find(values);
            shortest = posting.Count < shortest.Count ? posting : shortest;
        }

        return shortest;
    }

    /// <summary>Whether an entry has these values.</summary>
    public static bool HasValues(Entry<T> entry, LabelSet values, ImmutableArray<string> keys)
    {
        foreach (string key in keys)
        {
            if (!string.Equals(entry.Indexed[key], values[key], StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    private static IEnumerable<Entry<T>> Filter(Posting<T> posting, LabelSet values, ImmutableArray<string> keys) =>
        posting.Entries.Where(e => HasValues(e, values, keys));

    private ValueIndex<T> IndexOf(string key)
    {
        if (!_byKey.TryGetValue(key, out ValueIndex<T>? index))
        {
            index = Fill(new([key]));
            _byKey.Add(key, index);
        }

        return index;
    }

    private ValueIndex<T>? IndexOf(ImmutableArray<string> keys)
    {
        ValueIndex<T>? index = _byKeys.Find(i => SortedKeys.Same(i.Keys, keys));
        bool last = _byKeys.Count == MaxIndexes - 1;
        if (index is null
            && _byKeys.Count < MaxIndexes
            && (!last || SortedKeys.Same(keys, OwnKeys) || _byKeys.Exists(i => SortedKeys.Same(i.Keys, OwnKeys))))
        {
            index = Fill(new(keys));
            _byKeys.Add(index);
        }

        return index;
    }

    private ValueIndex<T> Fill(ValueIndex<T> index)
    {
        foreach (Entry<T> entry in _all.Entries)
        {
            index.Add(entry);
        }

        return index;
    }
}
