// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Flower.Client;
using Flower.CommandLine;

namespace Flower.Cat;

/// <summary>What is said on standard error about a connection.</summary>
internal sealed class ConnectionReport(bool verbose, bool json)
{
    public void Print(ConnectionLabels labels)
    {
        if (json)
        {
            Console.Error.WriteLine(Json(labels));
        }

        if (verbose)
        {
            foreach (ConnectionLabel label in labels)
            {
                Console.Error.WriteLine(label.ToString());
            }
        }
    }

    // The default encoder escapes what a terminal would act upon.
    private static string Json(ConnectionLabels labels)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new() { Encoder = JavaScriptEncoder.Default }))
        {
            writer.WriteStartObject();
            writer.WriteString("event", "connected");
            writer.WritePropertyName("labels");
            labels.WriteTo(writer);
            writer.WritePropertyName("sources");
            LabelSources.WriteTo(writer, labels);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
