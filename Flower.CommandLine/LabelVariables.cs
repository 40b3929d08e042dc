// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Flower.Client;
using Flower.Protocol.V1;

namespace Flower.CommandLine;

/// <summary>
/// The labels of a connection as environment variables: <c>FLOWER_LABEL_KEY</c> for each, all of them as JSON in
/// <c>FLOWER_LABELS</c>, and who stands behind each as JSON in <c>FLOWER_SOURCES</c>.
/// </summary>
public static class LabelVariables
{
    private const string Prefix = "FLOWER_LABEL_";
    private const string All = "FLOWER_LABELS";
    private const string Sources = "FLOWER_SOURCES";

    /// <summary>Whether it is such a variable: one that was inherited would speak of another connection.</summary>
    public static bool IsOne(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name is All or Sources || name.StartsWith(Prefix, StringComparison.Ordinal);
    }

    /// <summary>
    /// Adds the variables. Where two keys have the same variable, the one with the better source has it, so that a peer
    /// cannot hide an attested label behind one of its own; among equals the first in ordinal order.
    /// </summary>
    public static void AddTo(IDictionary<string, string> environment, ConnectionLabels labels)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(labels);

        // Stable, and the labels are sorted.
        foreach (ConnectionLabel label in labels.OrderByDescending(label => Weight(label.Source)))
        {
            environment.TryAdd(NameOf(label.Key), label.Value);
        }

        environment[All] = labels.ToJson();
        environment[Sources] = SourcesOf(labels);
    }

    /// <summary>
    /// The variable of a key: its letters a to z as capitals, and <c>_</c> for each character but A to Z and 0 to 9.
    /// </summary>
    public static string NameOf(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var name = new StringBuilder(Prefix, Prefix.Length + key.Length);
        foreach (Rune rune in key.EnumerateRunes())
        {
            char c = rune.IsAscii ? (char)rune.Value : '_';
            name.Append(char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_');
        }

        return name.ToString();
    }

    private static string SourcesOf(ConnectionLabels labels)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            LabelSources.WriteTo(writer, labels);
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static int Weight(Source source) => source switch
    {
        Source.Attested => 3,
        Source.Pinned => 2,
        Source.Claimed => 1,
        _ => 0,
    };
}
