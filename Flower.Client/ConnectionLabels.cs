// SPDX-License-Identifier: BSD-2-Clause
using System.Collections;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>The labels of a connection or of a listed target, sorted by key (ordinal). Immutable.</summary>
public sealed class ConnectionLabels : IReadOnlyList<ConnectionLabel>
{
    private readonly ImmutableArray<ConnectionLabel> _labels;

    internal ConnectionLabels(IReadOnlyList<Label> labels)
    {
        var sorted = new ConnectionLabel[labels.Count];
        bool isSorted = true;
        for (int i = 0; i < sorted.Length; i++)
        {
            sorted[i] = new(labels[i].Key, labels[i].Value, labels[i].Source);
            isSorted &= i == 0 || string.CompareOrdinal(sorted[i - 1].Key, sorted[i].Key) <= 0;
        }

        // As the switchboard sends them.
        if (!isSorted)
        {
            Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        }

        _labels = ImmutableCollectionsMarshal.AsImmutableArray(sorted);
    }

    /// <inheritdoc/>
    public int Count => _labels.Length;

    /// <inheritdoc/>
    public ConnectionLabel this[int index] => _labels[index];

    /// <summary>The value of a key, or null.</summary>
    public string? this[string key]
    {
        get
        {
            foreach (ConnectionLabel label in _labels)
            {
                if (string.Equals(label.Key, key, StringComparison.Ordinal))
                {
                    return label.Value;
                }
            }

            return null;
        }
    }

    /// <inheritdoc/>
    public IEnumerator<ConnectionLabel> GetEnumerator() => ((IEnumerable<ConnectionLabel>)_labels).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The labels as one JSON object of strings, without their sources.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>Writes the labels as a JSON object, as <see cref="ToJson"/>.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        foreach (ConnectionLabel label in _labels)
        {
            writer.WriteString(label.Key, label.Value);
        }

        writer.WriteEndObject();
    }

    /// <summary>The labels as words, separated by spaces, safe for a terminal.</summary>
    public override string ToString() =>
        Protocol.LabelRules.Printable(string.Join(' ', _labels.Select(l => $"{l.Key}={l.Value}")));
}
