// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;

namespace Flower.Protocol;

/// <content>
/// Sets that differ in some values: the labels of the connections of an ingress are the same but for where each comes from.
/// </content>
public sealed partial class LabelSet
{
    /// <summary>
    /// Reads a set from its message, if that has the keys of this one in the order that <see cref="ToMessage"/> gives them, and
    /// mostly its values: only the others are checked, and where there are none, it is this set itself. Null: it is to be read by
    /// <see cref="FromMessage"/>.
    /// </summary>
    /// <param name="message">The message; null is the empty set.</param>
    /// <param name="changes">The labels whose values are not those of this set.</param>
    /// <exception cref="LabelException">As for <see cref="FromMessage"/>.</exception>
    public LabelSet? Like(Labels? message, out KeyValuePair<string, string>[] changes)
    {
        changes = [];
        if (message is null)
        {
            return IsEmpty ? this : null;
        }

        if (message.Labels_.Count != Labels.Length || message.RequiredKeys.Count != RequiredKeys.Length)
        {
            return null;
        }

        int count = 0;
        for (int i = 0; i < Labels.Length; i++)
        {
            Label label = message.Labels_[i];
            if (label.Key != Labels[i].Key)
            {
                return null;
            }

            count += label.Value == Labels[i].Value ? 0 : 1;
        }

        for (int i = 0; i < RequiredKeys.Length; i++)
        {
            if (message.RequiredKeys[i] != RequiredKeys[i])
            {
                return null;
            }
        }

        if (count == 0)
        {
            return this;
        }

        if (count > Labels.Length / 2)
        {
            return null;
        }

        changes = new KeyValuePair<string, string>[count];
        for (int i = 0, at = 0; at < count; i++)
        {
            Label label = message.Labels_[i];
            if (label.Value != Labels[i].Value)
            {
                LabelRules.CheckValue(label.Key, label.Value);
                changes[at++] = new(Labels[i].Key, label.Value);
            }
        }

        LabelSet like = WithUnchecked(changes);
        like.CheckSize();
        return like;
    }

    /// <summary>The same set with other values, which are not checked.</summary>
    /// <param name="values">For keys that it has.</param>
    public LabelSet WithUnchecked(ReadOnlySpan<KeyValuePair<string, string>> values)
    {
        if (values.IsEmpty)
        {
            return this;
        }

        KeyValuePair<string, string>[] labels = Labels.AsSpan().ToArray();
        foreach (KeyValuePair<string, string> value in values)
        {
            int at = Find(value.Key);
            ArgumentOutOfRangeException.ThrowIfNegative(at, nameof(values));
            labels[at] = value;
        }

        return new LabelSet(ImmutableCollectionsMarshal.AsImmutableArray(labels), RequiredKeys)
        {
            _encoded = _encoded?.With(values),
        };
    }

    /// <summary>
    /// The labels of this set whose values are not those of another one, which has the same keys in all; null: it has other
    /// keys.
    /// </summary>
    public KeyValuePair<string, string>[]? ChangesFrom(LabelSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Labels.Length != Labels.Length || !RequiredKeys.AsSpan().SequenceEqual(other.RequiredKeys.AsSpan()))
        {
            return null;
        }

        int count = 0;
        for (int i = 0; i < Labels.Length; i++)
        {
            if (other.Labels[i].Key != Labels[i].Key)
            {
                return null;
            }

            count += other.Labels[i].Value == Labels[i].Value ? 0 : 1;
        }

        var changes = new KeyValuePair<string, string>[count];
        for (int i = 0, at = 0; at < count; i++)
        {
            if (other.Labels[i].Value != Labels[i].Value)
            {
                changes[at++] = Labels[i];
            }
        }

        return changes;
    }
}
