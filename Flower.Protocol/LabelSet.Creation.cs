// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;

namespace Flower.Protocol;

/// <content>How a set is built, and what it may be.</content>
public sealed partial class LabelSet
{
    private static readonly Comparer<KeyValuePair<string, string>> ByKey =
        Comparer<KeyValuePair<string, string>>.Create((a, b) => string.CompareOrdinal(a.Key, b.Key));

    /// <summary>Builds a set. The order does not matter.</summary>
    /// <exception cref="LabelException">A key stands twice, or a rule of <see cref="LabelRules"/> is broken.</exception>
    public static LabelSet Create(
        IEnumerable<KeyValuePair<string, string>> labels, IEnumerable<string>? requiredKeys = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return Take([.. labels], requiredKeys is null ? [] : [.. requiredKeys]);
    }

    /// <summary>Builds a set without required keys.</summary>
    /// <exception cref="LabelException">As for the other overload.</exception>
    public static LabelSet Create(params ReadOnlySpan<(string Key, string Value)> labels)
    {
        var pairs = new KeyValuePair<string, string>[labels.Length];
        for (int i = 0; i < pairs.Length; i++)
        {
            pairs[i] = new(labels[i].Key, labels[i].Value);
        }

        return Take(pairs, []);
    }

    /// <summary>Reads a set from its message; null is the empty set.</summary>
    /// <exception cref="LabelException">As for <see cref="Create(IEnumerable{KeyValuePair{string, string}}, IEnumerable{string})"/>.</exception>
    public static LabelSet FromMessage(Labels? message)
    {
        if (message is null)
        {
            return Empty;
        }

        var pairs = new KeyValuePair<string, string>[message.Labels_.Count];
        for (int i = 0; i < pairs.Length; i++)
        {
            Label label = message.Labels_[i];
            pairs[i] = new(StringPool.Intern(label.Key), StringPool.Intern(label.Value));
        }

        return Take(pairs, message.RequiredKeys.Count == 0 ? [] : [.. message.RequiredKeys]);
    }

    // The arrays are now the set's.
    private static LabelSet Take(KeyValuePair<string, string>[] labels, string[] required)
    {
        if (labels.Length + required.Length == 0)
        {
            return Empty;
        }

        // Mostly they are sorted, as they come from a set.
        for (int i = 1; i < labels.Length; i++)
        {
            if (string.CompareOrdinal(labels[i - 1].Key, labels[i].Key) > 0)
            {
                Array.Sort(labels, ByKey);
                break;
            }
        }

        Array.Sort(required, StringComparer.Ordinal);
        Check(labels, required);
        return new LabelSet(
            ImmutableCollectionsMarshal.AsImmutableArray(labels), ImmutableCollectionsMarshal.AsImmutableArray(required));
    }

    private static void Check(ReadOnlySpan<KeyValuePair<string, string>> sorted, ReadOnlySpan<string> required)
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

    private static void CheckSize(ReadOnlySpan<KeyValuePair<string, string>> labels, ReadOnlySpan<string> required)
    {
        if (labels.Length + required.Length > LabelRules.MaxLabels)
        {
            throw new LabelException($"more than {LabelRules.MaxLabels} labels");
        }

        int bytes = 0;
        foreach ((string key, string value) in labels)
        {
            bytes += LabelRules.CountBytes(key, "key") + LabelRules.CountBytes(value, "value");
        }

        foreach (string key in required)
        {
            bytes += LabelRules.CountBytes(key, "key");
        }

        if (bytes > LabelRules.MaxSetBytes)
        {
            throw new LabelException($"labels of {bytes} bytes: a set has at most {LabelRules.MaxSetBytes}");
        }
    }
}
