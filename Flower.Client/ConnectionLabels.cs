// SPDX-License-Identifier: BSD-2-Clause
using System.Collections;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>The labels of a connection or of a listed target, sorted by key (ordinal). Immutable.</summary>
public sealed class ConnectionLabels : IReadOnlyList<ConnectionLabel>
{
    private readonly ImmutableArray<ConnectionLabel> _labels;

    internal ConnectionLabels(IEnumerable<Label> labels) =>
        _labels = [.. labels
            .Select(l => new ConnectionLabel(l.Key, l.Value, l.Source))
            .OrderBy(l => l.Key, StringComparer.Ordinal)];

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
