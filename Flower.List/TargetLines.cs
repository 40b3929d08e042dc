// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.CommandLine;

namespace Flower.List;

/// <summary>Targets as lines of JSON.</summary>
internal static class TargetLines
{
    public static async Task PrintAsync(IAsyncEnumerable<TargetInfo> targets, CancellationToken cancellationToken)
    {
        using Stream output = Console.OpenStandardOutput();
        using var line = new MemoryStream();
        using var writer = new Utf8JsonWriter(line);
        await foreach (TargetInfo target in targets.WithCancellation(cancellationToken))
        {
            line.SetLength(0);
            writer.Reset();
            Write(writer, target);
            writer.Flush();
            line.WriteByte((byte)'\n');
            output.Write(line.GetBuffer(), 0, (int)line.Length);
        }
    }

    private static void Write(Utf8JsonWriter writer, TargetInfo target)
    {
        writer.WriteStartObject();
        writer.WriteString("kind", TargetKinds.Name(target));
        writer.WritePropertyName("labels");
        target.Labels.WriteTo(writer);
        writer.WritePropertyName("sources");
        LabelSources.WriteTo(writer, target.Labels);
        writer.WriteStartArray("required_keys");
        foreach (string key in target.RequiredKeys)
        {
            writer.WriteStringValue(key);
        }

        writer.WriteEndArray();
        writer.WriteNumber("weight", target.Weight);
        writer.WriteBoolean("draining", target.IsDraining);
        if (target.OpenConnections is int open)
        {
            writer.WriteNumber("open_connections", open);
        }
        else
        {
            writer.WriteNull("open_connections");
        }

        writer.WriteEndObject();
    }
}
