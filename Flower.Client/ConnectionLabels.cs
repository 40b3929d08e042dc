// SPDX-License-Identifier: BSD-2-Clause
using System.Collections;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>The labels of a connection or of a listed target, sorted by key (ordinal). Immutable.</summary>
public sealed class ConnectionLabels : IReadOnlyList<ConnectionLabel>
{
    // Mostly nobody looks at them: those that are encoded are decoded when somebody does.
    private readonly EncodedLabels? _encoded;
    private ConnectionLabel[]? _decoded;

    internal ConnectionLabels(IReadOnlyList<Label> labels)
        : this(null, labels)
    {
    }

    /// <param name="encoded">The labels as they came; null: they are not encoded.</param>
    /// <param name="labels">The labels that are not encoded.</param>
    internal ConnectionLabels(EncodedLabels? encoded, IReadOnlyList<Label> labels)
    {
        _encoded = encoded;
        _decoded = encoded is null ? Sorted(labels) : null;
    }

    // Several threads may decode them at once, and all find the same.
    private ConnectionLabel[] All
    {
        get
        {
            ConnectionLabel[]? all = Volatile.Read(ref _decoded);
            if (all is null)
            {
                all = Sorted(_encoded!.ToLabels());
                Volatile.Write(ref _decoded, all);
            }

            return all;
        }
    }

    /// <inheritdoc/>
    public int Count => All.Length;

    /// <inheritdoc/>
    public ConnectionLabel this[int index] => All[index];

    /// <summary>The value of a key, or null.</summary>
    public string? this[string key]
    {
        get
        {
            if (_encoded is not null && Volatile.Read(ref _decoded) is null)
            {
                return _encoded.Find(key);
            }

            foreach (ConnectionLabel label in All)
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
    public IEnumerator<ConnectionLabel> GetEnumerator() => ((IEnumerable<ConnectionLabel>)All).GetEnumerator();

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
        foreach (ConnectionLabel label in All)
        {
            writer.WriteString(label.Key, label.Value);
        }

        writer.WriteEndObject();
    }

    /// <summary>The labels as words, separated by spaces, safe for a terminal.</summary>
    public override string ToString() =>
        LabelRules.Printable(string.Join(' ', All.Select(l => $"{l.Key}={l.Value}")));

    private static ConnectionLabel[] Sorted(IReadOnlyList<Label> labels)
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

        return sorted;
    }
}
