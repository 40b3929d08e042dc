// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.Protocol;
using Grpc.Core;

namespace Flower.Watch;

/// <summary>Figures as a line of JSON.</summary>
internal static class StatusLine
{
    public static void Print(BoardStats stats)
    {
        using Stream output = Console.OpenStandardOutput();
        using var line = new MemoryStream();
        using (var writer = new Utf8JsonWriter(line))
        {
            writer.WriteStartObject();
            Write(writer, stats);
            writer.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        output.Write(line.GetBuffer(), 0, (int)line.Length);
    }

    private static void Write(Utf8JsonWriter writer, BoardStats stats)
    {
        writer.WriteString("version", stats.Version);
        writer.WriteNumber("pid", stats.ProcessId);
        writer.WriteNumber("uptime_ms", (long)stats.Uptime.TotalMilliseconds);
        writer.WriteString("handle_door", stats.HandleDoor);
        writer.WriteString("grpc_door", stats.GrpcDoor);
        writer.WriteStartObject("targets");
        writer.WriteNumber("servers", stats.Servers);
        writer.WriteNumber("activators", stats.Activators);
        writer.WriteNumber("egresses", stats.Egresses);
        writer.WriteNumber("resolvers", stats.Resolvers);
        writer.WriteEndObject();
        writer.WriteNumber("sessions", stats.Sessions);
        writer.WriteNumber("handles", stats.Handles);
        writer.WriteNumber("pending_calls", stats.PendingCalls);
        writer.WriteNumber("waiting_requests", stats.WaitingRequests);
        writer.WriteNumber("watchers", stats.Watchers);
        writer.WriteNumber("revocable_connections", stats.RevocableConnections);
        writer.WriteStartObject("connects");
        writer.WriteNumber("asked", stats.ConnectsAsked);
        writer.WriteNumber("accepted", stats.ConnectsAccepted);
        writer.WriteStartObject("refused");
        foreach ((StatusCode code, long count) in stats.ConnectsRefused.OrderBy(r => r.Key))
        {
            writer.WriteNumber(StatusNames.Of(code), count);
        }

        writer.WriteEndObject();
        Write(writer, "last_second", stats.LastSecond);
        Write(writer, "last_minute", stats.LastMinute);
        writer.WriteEndObject();
        writer.WriteStartArray("quotas");
        foreach (QuotaLevel quota in stats.Quotas)
        {
            writer.WriteStartObject();
            writer.WriteString("quota", quota.Quota);
            writer.WriteString("budget", quota.Budget);
            writer.WriteNumber("used", quota.Used);
            writer.WriteNumber("limit", quota.Limit);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("last_refusals");
        foreach (RefusalNotice refusal in stats.LastRefusals)
        {
            refusal.WriteTo(writer);
        }

        writer.WriteEndArray();
        writer.WriteNumber("audit_missed", stats.AuditMissed);
    }

    private static void Write(Utf8JsonWriter writer, string name, ConnectRate rate)
    {
        writer.WriteStartObject(name);
        writer.WriteNumber("accepted", rate.Accepted);
        writer.WriteNumber("refused", rate.Refused);
        writer.WriteEndObject();
    }
}
