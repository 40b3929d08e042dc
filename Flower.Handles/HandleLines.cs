// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.Protocol.V1;

namespace Flower.Handles;

/// <summary>Handles, and then connections, as lines of JSON.</summary>
internal static class HandleLines
{
    public static async Task PrintAsync(Handle handle, CancellationToken cancellationToken)
    {
        using Stream output = Console.OpenStandardOutput();
        using var line = new MemoryStream();
        using var writer = new Utf8JsonWriter(line);
        await foreach (HandleInfo live in handle.HandlesAsync(cancellationToken))
        {
            WriteLine(output, line, writer, live, Write);
        }

        await foreach (ConnectionInfo connection in handle.RevocableConnectionsAsync(cancellationToken))
        {
            WriteLine(output, line, writer, connection, Write);
        }
    }

    private static void WriteLine<T>(
        Stream output, MemoryStream line, Utf8JsonWriter writer, T item, Action<Utf8JsonWriter, T> write)
    {
        line.SetLength(0);
        writer.Reset();
        writer.WriteStartObject();
        write(writer, item);
        writer.WriteEndObject();
        writer.Flush();
        line.WriteByte((byte)'\n');
        output.Write(line.GetBuffer(), 0, (int)line.Length);
    }

    private static void Write(Utf8JsonWriter writer, HandleInfo handle)
    {
        writer.WriteNumber("handle", handle.Id);
        if (handle.Parent is { } parent)
        {
            writer.WriteNumber("parent", parent);
        }
        else
        {
            writer.WriteNull("parent");
        }

        writer.WriteStartArray("rights");
        foreach (Right right in handle.Rights)
        {
            writer.WriteStringValue(RightWords.Name(right));
        }

        writer.WriteEndArray();
        writer.WritePropertyName("in");
        handle.InLabels.WriteTo(writer);
        writer.WritePropertyName("out");
        handle.OutLabels.WriteTo(writer);
        Write(writer, "maker", handle.Maker);
        writer.WriteNumber("sessions", handle.Sessions);
        writer.WriteStartArray("owners");
        foreach (ProcessInfo owner in handle.Owners)
        {
            Write(writer, null, owner);
        }

        writer.WriteEndArray();
        writer.WriteNumber("targets", handle.Targets);
        writer.WriteNumber("connections", handle.Connections);
        writer.WriteNumber("age_ms", (long)handle.Age.TotalMilliseconds);
    }

    private static void Write(Utf8JsonWriter writer, ConnectionInfo connection)
    {
        writer.WriteNumber("connection", connection.Id);
        writer.WriteNumber("client_handle", connection.ClientHandle);
        writer.WriteNumber("target_handle", connection.TargetHandle);
        Write(writer, "client", connection.Client);
        Write(writer, "target", connection.Target);
        writer.WriteNumber("age_ms", (long)connection.Age.TotalMilliseconds);
    }

    private static void Write(Utf8JsonWriter writer, string? name, ProcessInfo process)
    {
        if (name is not null)
        {
            writer.WritePropertyName(name);
        }

        writer.WriteStartObject();
        writer.WriteNumber("pid", process.Id);
        writer.WriteNumber("uid", process.UserId);
        writer.WriteEndObject();
    }
}
