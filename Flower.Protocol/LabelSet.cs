// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol.V1;

namespace Flower.Protocol;

/// <summary>
/// Labels and required keys: what one side states about itself and asks of the other. Immutable, sorted by key
/// (ordinal), at most one value a key. A required key counts as stated, with or without a value.
/// </summary>
public sealed partial class LabelSet : IEquatable<LabelSet>
{
    private static readonly Comparer<KeyValuePair<string, string>> ByKey =
        Comparer<KeyValuePair<string, string>>.Create((a, b) => string.CompareOrdinal(a.Key, b.Key));

    private LabelSet(
        ImmutableArray<KeyValuePair<string, string>> labels, ImmutableArray<string> requiredKeys)
    {
        Labels = labels;
        RequiredKeys = requiredKeys;
    }

    /// <summary>No labels, nothing required.</summary>
    public static LabelSet Empty { get; } = new([], []);

    /// <summary>The labels, sorted by key.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Labels { get; }

    /// <summary>The keys that the other side must state, sorted. Some may also stand in <see cref="Labels"/>.</summary>
    public ImmutableArray<string> RequiredKeys { get; }

    /// <summary>Neither labels nor required keys.</summary>
    public bool IsEmpty => Labels.IsEmpty && RequiredKeys.IsEmpty;

    /// <summary>The value of a key, or null.</summary>
    public string? this[string key] => Find(key) is int at and >= 0 ? Labels[at].Value : null;

    /// <summary>Builds a set. The order does not matter.</summary>
    /// <exception cref="LabelException">A key stands twice, or a rule of <see cref="LabelRules"/> is broken.</exception>
    public static LabelSet Create(
        IEnumerable<KeyValuePair<string, string>> labels, IEnumerable<string>? requiredKeys = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ImmutableArray<KeyValuePair<string, string>> sorted = [.. labels.Order(ByKey)];
        ImmutableArray<string> required =
            requiredKeys is null ? [] : [.. requiredKeys.Order(StringComparer.Ordinal)];
        Check(sorted, required);
        return sorted.IsEmpty && required.IsEmpty ? Empty : new LabelSet(sorted, required);
    }

    /// <summary>Builds a set without required keys.</summary>
    /// <exception cref="LabelException">As for the other overload.</exception>
    public static LabelSet Create(params ReadOnlySpan<(string Key, string Value)> labels)
    {
        var pairs = new List<KeyValuePair<string, string>>(labels.Length);
        foreach ((string key, string value) in labels)
        {
            pairs.Add(new(key, value));
        }

        return Create(pairs);
    }

    /// <summary>Reads a set from its message; null is the empty set.</summary>
    /// <exception cref="LabelException">As for <see cref="Create(IEnumerable{KeyValuePair{string, string}}, IEnumerable{string})"/>.</exception>
    public static LabelSet FromMessage(Labels? message) =>
        message is null || (message.Labels_.Count == 0 && message.RequiredKeys.Count == 0)
            ? Empty
            : Create(message.Labels_.Select(l => KeyValuePair.Create(l.Key, l.Value)), message.RequiredKeys);

    /// <summary>The set as a message.</summary>
    public Labels ToMessage()
    {
        var message = new Labels();
        foreach ((string key, string value) in Labels)
        {
            message.Labels_.Add(new Label { Key = key, Value = value });
        }

        message.RequiredKeys.AddRange(RequiredKeys);
        return message;
    }

    /// <summary>Whether the key is stated: as a label or as a required key.</summary>
    public bool States(string key) => Find(key) >= 0 || Requires(key);

    /// <summary>Whether the other side must state the key.</summary>
    public bool Requires(string key) => RequiredKeys.BinarySearch(key, StringComparer.Ordinal) >= 0;

    /// <summary>The keys that both sets have with different values, sorted.</summary>
    public IReadOnlyList<string> ContradictionsWith(LabelSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        List<string>? keys = null;
        for (int i = 0, j = 0; i < Labels.Length && j < other.Labels.Length;)
        {
            int order = string.CompareOrdinal(Labels[i].Key, other.Labels[j].Key);
            if (order == 0 && !string.Equals(Labels[i].Value, other.Labels[j].Value, StringComparison.Ordinal))
            {
                (keys ??= []).Add(Labels[i].Key);
            }

            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }

        return keys ?? (IReadOnlyList<string>)[];
    }

    /// <summary>
    /// The union of both sets. Where they contradict, <paramref name="contradictions"/> names the keys and the value
    /// of this set stands. The union may be twice as large as one side may be.
    /// </summary>
    public LabelSet Merge(LabelSet other, out IReadOnlyList<string> contradictions)
    {
        contradictions = ContradictionsWith(other);
        if (other.IsEmpty)
        {
            return this;
        }

        if (IsEmpty)
        {
            return other;
        }

        var labels = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>(Labels.Length + other.Labels.Length);
        labels.AddRange(Labels);
        foreach (KeyValuePair<string, string> label in other.Labels)
        {
            if (Find(label.Key) < 0)
            {
                labels.Add(label);
            }
        }

        labels.Sort(ByKey);
        ImmutableArray<string> required =
            [.. RequiredKeys.Union(other.RequiredKeys, StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return new LabelSet(labels.DrainToImmutable(), required);
    }

    /// <summary>The labels and the required keys that are wanted.</summary>
    /// <param name="label">Which labels, by key.</param>
    /// <param name="requiredKey">Which required keys.</param>
    public LabelSet Where(Func<string, bool> label, Func<string, bool> requiredKey)
    {
        ImmutableArray<KeyValuePair<string, string>> labels = [.. Labels.Where(l => label(l.Key))];
        ImmutableArray<string> required = [.. RequiredKeys.Where(requiredKey)];
        return labels.IsEmpty && required.IsEmpty ? Empty : new LabelSet(labels, required);
    }

    /// <summary>Checks that the set is within what one side may state; a union may be larger.</summary>
    /// <exception cref="LabelException">It is too large.</exception>
    public void CheckSize() => CheckSize(Labels, RequiredKeys);

    /// <inheritdoc/>
    public bool Equals(LabelSet? other) =>
        other is not null && Labels.SequenceEqual(other.Labels)
        && RequiredKeys.SequenceEqual(other.RequiredKeys, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LabelSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach ((string key, string value) in Labels)
        {
            hash.Add(key, StringComparer.Ordinal);
            hash.Add(value, StringComparer.Ordinal);
        }

        foreach (string key in RequiredKeys)
        {
            hash.Add(key, StringComparer.Ordinal);
        }

        return hash.ToHashCode();
    }

    private static void Check(
        ImmutableArray<KeyValuePair<string, string>> sorted, ImmutableArray<string> required)
    {
        for (int i = 0; i < sorted.Length; i++)
        {
            LabelRules.CheckKey(sorted[i].Key);
            LabelRules.CheckValue(sorted[i].Key, sorted[i].Value);
            if (i > 0 && string.Equals(sorted[i - 1].Key, sorted[i].Key, StringComparison.Ordinal))
            {
                throw new LabelException($"label '{sorted[i].Key}' is given twice", sorted[i].Key);
            }
        }

        for (int i = 0; i < required.Length; i++)
        {
            LabelRules.CheckKey(required[i]);
            if (i > 0 && string.Equals(required[i - 1], required[i], StringComparison.Ordinal))
            {
                throw new LabelException($"required key '{required[i]}' is given twice", required[i]);
            }
        }

        CheckSize(sorted, required);
    }

    private static void CheckSize(
        ImmutableArray<KeyValuePair<string, string>> labels, ImmutableArray<string> required)
    {
        if (labels.Length + required.Length > LabelRules.MaxLabels)
        {
            throw new LabelException($"more than {LabelRules.MaxLabels} labels");
        }

        int bytes = labels.Sum(l => LabelRules.CountBytes(l.Key, "key") + LabelRules.CountBytes(l.Value, "value"))
            + required.Sum(k => LabelRules.CountBytes(k, "key"));
        if (bytes > LabelRules.MaxSetBytes)
        {
            throw new LabelException($"labels of {bytes} bytes: a set has at most {LabelRules.MaxSetBytes}");
        }
    }

    private int Find(string key)
    {
        int low = 0;
        int high = Labels.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            int order = string.CompareOrdinal(Labels[middle].Key, key);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }
}
