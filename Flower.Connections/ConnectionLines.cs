// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Rpc.Interop;

namespace Flower.Connections;

/// <summary>Connections as lines of JSON.</summary>
internal static class ConnectionLines
{
    public static void Print(Stream output, IEnumerable<ObservedConnection> connections)
    {
        using var line = new MemoryStream();
        using var writer = new Utf8JsonWriter(line);
        foreach (ObservedConnection connection in connections)
        {
            line.SetLength(0);
            writer.Reset();
            Write(writer, connection);
            writer.Flush();
            line.WriteByte((byte)'\n');
            output.Write(line.GetBuffer(), 0, (int)line.Length);
        }
    }

    private static void Write(Utf8JsonWriter writer, ObservedConnection connection)
    {
        ConnectionInfo info = connection.Info;
        writer.WriteStartObject();
        writer.WriteNumber("connection", info.Id);
        writer.WriteString("kind", ConnectionKinds.NameOf(info.Kind));
        Write(writer, "client", connection.Client, info.ClientHandle, info.ClientLabels);
        Write(writer, "target", connection.Target, info.TargetHandle, info.TargetLabels);
        writer.WriteNumber("age_ms", (long)info.Age.TotalMilliseconds);
        writer.WriteBoolean("revocable", info.IsRevocable);
        writer.WriteString("state", connection.State);
        Write(writer, "bytes_to_client", connection.ToClient);
        Write(writer, "bytes_to_target", connection.ToTarget);
        writer.WriteNumber("socket_cookie", info.SocketCookie);
        if (connection.Tcp is { } tcp)
        {
            Write(writer, tcp);
        }
        else
        {
            writer.WriteNull("tcp");
        }

        writer.WriteEndObject();
    }

    private static void Write(
        Utf8JsonWriter writer, string name, SeenSide side, ulong handle, ConnectionLabels labels)
    {
        writer.WriteStartObject(name);
        writer.WriteNumber("pid", side.Process.Id);
        writer.WriteNumber("uid", side.Process.UserId);
        writer.WriteNumber("handle", handle);
        writer.WriteStartArray("holders");
        foreach (int pid in side.Holders)
        {
            writer.WriteNumberValue(pid);
        }

        writer.WriteEndArray();
        writer.WriteString("command", side.Command);
        writer.WritePropertyName("labels");
        labels.WriteTo(writer);
        writer.WritePropertyName("sources");
        LabelSources.WriteTo(writer, labels);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, TcpMeasures tcp)
    {
        writer.WriteStartObject("tcp");
        Write(writer, "bytes_sent", (long?)tcp.SentBytes);
        Write(writer, "bytes_received", (long?)tcp.ReceivedBytes);
        writer.WriteNumber("rtt_us", tcp.RoundTripMicroseconds);
        writer.WriteNumber("retransmits", tcp.Retransmits);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string name, long? number)
    {
        if (number is { } known)
        {
            writer.WriteNumber(name, known);
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
