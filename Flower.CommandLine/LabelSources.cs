// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.Protocol.V1;

namespace Flower.CommandLine;

/// <summary>Who stands behind labels, as tools say it.</summary>
public static class LabelSources
{
    /// <summary>The word: attested, pinned, claimed; unknown for one that is not stated.</summary>
    public static string NameOf(Source source) => source switch
    {
        Source.Attested => "attested",
        Source.Pinned => "pinned",
        Source.Claimed => "claimed",
        _ => "unknown",
    };

    /// <summary>Writes an object with the word for each key.</summary>
    public static void WriteTo(Utf8JsonWriter writer, ConnectionLabels labels)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(labels);
        writer.WriteStartObject();
        foreach (ConnectionLabel label in labels)
        {
            writer.WriteString(label.Key, NameOf(label.Source));
        }

        writer.WriteEndObject();
    }
}
