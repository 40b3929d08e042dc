// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Flower.Protocol.V1;

namespace Flower.Protocol;

/// <summary>
/// Labels and required keys: what one side states about itself and asks of the other. Immutable, sorted by key
/// (ordinal), at most one value a key. A required key counts as stated, with or without a value.
/// </summary>
public sealed partial class LabelSet : IEquatable<LabelSet>
{
    private EncodedLabels? _encoded;

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

    /// <summary>The characters of all keys and values.</summary>
    public int CharacterCount
    {
        get
        {
            int length = 0;
            foreach ((string key, string value) in Labels)
            {
                length += key.Length + value.Length;
            }

            foreach (string key in RequiredKeys)
            {
                length += key.Length;
            }

            return length;
        }
    }

    /// <summary>The value of a key, or null.</summary>
    public string? this[string key] => Find(key) is int at and >= 0 ? Labels[at].Value : null;

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

    /// <summary>
    /// The set as the field of a message that begins with it, with tag and length: field 1, as of ClientConnectRequest. It is
    /// encoded once, since who asks mostly asks again.
    /// </summary>
    public EncodedLabels Encode() => _encoded ??= EncodedLabels.Of(this, ClientConnectRequest.LabelsFieldNumber);

    /// <summary>Whether the key is stated: as a label or as a required key.</summary>
    public bool States(string key) => Find(key) >= 0 || Requires(key);

    /// <summary>Whether the other side must state the key.</summary>
    public bool Requires(string key) => RequiredKeys.BinarySearch(key, StringComparer.Ordinal) >= 0;

    /// <summary>The keys that both sets have with different values, sorted.</summary>
    public IReadOnlyList<string> ContradictionsWith(LabelSet other) =>
        Compare(other, out _) ?? (IReadOnlyList<string>)[];

    /// <summary>
    /// The union of both sets. Where they contradict, <paramref name="contradictions"/> names the keys and the value
    /// of this set stands. The union may be twice as large as one side may be.
    /// </summary>
    public LabelSet Merge(LabelSet other, out IReadOnlyList<string> contradictions)
    {
        contradictions = Compare(other, out int common) ?? (IReadOnlyList<string>)[];
        if (other.IsEmpty)
        {
            return this;
        }

        return IsEmpty ? other : new LabelSet(
            UnionOfLabels(other, common),
            other.RequiredKeys.IsEmpty ? RequiredKeys
            : RequiredKeys.IsEmpty ? other.RequiredKeys
            : [.. RequiredKeys.Union(other.RequiredKeys, StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
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
    public void CheckSize() => CheckSize(Labels.AsSpan(), RequiredKeys.AsSpan());

    /// <inheritdoc/>
    public bool Equals(LabelSet? other) =>
        other is not null && (ReferenceEquals(this, other)
            || (HasSameLabels(other) && RequiredKeys.AsSpan().SequenceEqual(other.RequiredKeys.AsSpan())));

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

    // The keys that both have with different values, if there are any, and how many both have.
    private List<string>? Compare(LabelSet other, out int common)
    {
        ArgumentNullException.ThrowIfNull(other);
        List<string>? keys = null;
        common = 0;
        for (int i = 0, j = 0; i < Labels.Length && j < other.Labels.Length;)
        {
            int order = string.CompareOrdinal(Labels[i].Key, other.Labels[j].Key);
            if (order == 0)
            {
                common++;
                if (!string.Equals(Labels[i].Value, other.Labels[j].Value, StringComparison.Ordinal))
                {
                    (keys ??= []).Add(Labels[i].Key);
                }
            }

            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }

        return keys;
    }

    private ImmutableArray<KeyValuePair<string, string>> UnionOfLabels(LabelSet other, int common)
    {
        if (common == other.Labels.Length)
        {
            return Labels;
        }

        var union = new KeyValuePair<string, string>[Labels.Length + other.Labels.Length - common];
        for (int i = 0, j = 0, at = 0; at < union.Length; at++)
        {
            int order = i == Labels.Length ? 1
                : j == other.Labels.Length ? -1
                : string.CompareOrdinal(Labels[i].Key, other.Labels[j].Key);
            union[at] = order <= 0 ? Labels[i] : other.Labels[j];
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(union);
    }

    private bool HasSameLabels(LabelSet other)
    {
        if (Labels.Length != other.Labels.Length)
        {
            return false;
        }

        for (int i = 0; i < Labels.Length; i++)
        {
            if (Labels[i].Key != other.Labels[i].Key || Labels[i].Value != other.Labels[i].Value)
            {
                return false;
            }
        }

        return true;
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
