// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Text.Json;
using Flower.Protocol.V1;

namespace Flower.Protocol;

/// <summary>Events as JSON, an object each: the lines of the audit log, and of <c>flower watch --json</c>.</summary>
public static class EventJson
{
    /// <summary>What an event is called: <c>target-added</c>; "unknown", if this version does not know it.</summary>
    public static string NameOf(Event told)
    {
        ArgumentNullException.ThrowIfNull(told);
        return told.WhatCase switch
        {
            Event.WhatOneofCase.SnapshotBegun => "snapshot-begun",
            Event.WhatOneofCase.SnapshotEnded => "snapshot-ended",
            Event.WhatOneofCase.Target => told.Target.Change switch
            {
                TargetChange.Listed => "target-listed",
                TargetChange.Added => "target-added",
                TargetChange.Changed => "target-changed",
                TargetChange.Drained => "target-drained",
                TargetChange.Removed => "target-removed",
                _ => "unknown",
            },
            Event.WhatOneofCase.Connect => told.Connect.Step switch
            {
                ConnectStep.Asked => "connect-asked",
                ConnectStep.Matched => "connect-matched",
                ConnectStep.FailedOver => "connect-failed-over",
                ConnectStep.Accepted => "connect-accepted",
                ConnectStep.Refused => "connect-refused",
                ConnectStep.GivenUp => "connect-given-up",
                _ => "unknown",
            },
            Event.WhatOneofCase.Handle => (told.Handle.Step, told.Handle.HandleId) switch
            {
                (HandleStep.Constrained, _) => "handle-constrained",
                (HandleStep.Revoked, 0) => "connection-revoked",
                (HandleStep.Revoked, _) => "handle-revoked",
                (HandleStep.TapBegun, _) => "tap-begun",
                (HandleStep.TapEnded, _) => "tap-ended",
                _ => "unknown",
            },
            Event.WhatOneofCase.Quota => "quota-hit",
            Event.WhatOneofCase.Refused => "call-refused",
            _ => "unknown",
        };
    }

    /// <summary>What a kind of target is called.</summary>
    public static string NameOf(TargetKind kind, bool isActivator) => kind switch
    {
        TargetKind.Server => isActivator ? "activator" : "server",
        TargetKind.Egress => "egress",
        TargetKind.Resolver => "resolver",
        _ => "unknown",
    };

    /// <summary>What a right is called.</summary>
    public static string NameOf(Right right) => right switch
    {
        Right.ClientConnect => "CLIENT_CONNECT",
        Right.EgressStart => "EGRESS_START",
        Right.IngressConnect => "INGRESS_CONNECT",
        Right.ResolverStart => "RESOLVER_START",
        Right.ServerStart => "SERVER_START",
        Right.List => "LIST",
        Right.Tap => "TAP",
        _ => "unknown",
    };

    /// <summary>Writes an event as an object.</summary>
    public static void Write(Utf8JsonWriter writer, Event told)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(told);
        writer.WriteStartObject();
        writer.WriteNumber("sequence", told.Sequence);
        writer.WriteString("time", DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(told.TimeMs, 0, MaxTime))
            .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        writer.WriteString("event", NameOf(told));
        switch (told.WhatCase)
        {
            case Event.WhatOneofCase.SnapshotBegun when told.SnapshotBegun.HasMissed:
                writer.WriteNumber("missed", told.SnapshotBegun.Missed);
                break;
            case Event.WhatOneofCase.SnapshotBegun:
                writer.WriteNull("missed");
                break;
            case Event.WhatOneofCase.Target:
                Write(writer, told.Target);
                break;
            case Event.WhatOneofCase.Connect:
                Write(writer, told.Connect);
                break;
            case Event.WhatOneofCase.Handle:
                Write(writer, told.Handle);
                break;
            case Event.WhatOneofCase.Quota:
                Write(writer, told.Quota);
                break;
            case Event.WhatOneofCase.Refused:
                Write(writer, told.Refused);
                writer.WriteNumber("left_out", told.Refused.LeftOut);
                break;
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes what was refused, as members of an object.</summary>
    public static void Write(Utf8JsonWriter writer, RefusedCall refused)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(refused);
        writer.WriteString("method", refused.Method);
        Write(writer, "process", refused.Process);
        writer.WriteNumber("handle", refused.HandleId);
        WriteStatus(writer, refused.Code, refused.Reason);
    }

    // The year 9999.
    private const long MaxTime = 253_402_300_799_999;

    private static void Write(Utf8JsonWriter writer, TargetEvent told)
    {
        writer.WriteNumber("target", told.TargetId);
        Write(writer, told.Target ?? new());
        if (told.Change == TargetChange.Removed)
        {
            writer.WriteString("reason", told.Reason);
        }
    }

    private static void Write(Utf8JsonWriter writer, Target target)
    {
        writer.WriteString("kind", NameOf(target.Kind, target.Activator));
        WriteLabels(writer, "labels", target.Labels);
        WriteAll(writer, "required_keys", target.RequiredKeys);
        writer.WriteNumber("weight", target.Weight);
        writer.WriteBoolean("draining", target.Draining);
        if (target.HasOpenConnections)
        {
            writer.WriteNumber("open_connections", target.OpenConnections);
        }
        else
        {
            writer.WriteNull("open_connections");
        }
    }

    private static void Write(Utf8JsonWriter writer, ConnectEvent told)
    {
        writer.WriteNumber("request", told.RequestId);
        Write(writer, "client", told.Client);
        writer.WriteBoolean("ingress", told.Ingress);
        WriteLabels(writer, "labels", told.Labels?.Labels_ ?? []);
        WriteAll(writer, "required_keys", told.Labels?.RequiredKeys ?? []);
        if (told.TargetId > 0)
        {
            writer.WriteNumber("target", told.TargetId);
        }

        if (told.ConnectionId > 0)
        {
            writer.WriteNumber("connection", told.ConnectionId);
        }

        if (told.Step == ConnectStep.FailedOver)
        {
            writer.WriteString("reason", told.Reason);
        }

        if (told.Step == ConnectStep.Refused)
        {
            WriteStatus(writer, told.Code, told.Reason);
            writer.WriteStartArray("near_misses");
            foreach (ExplainedTarget miss in told.NearMisses)
            {
                Write(writer, miss);
            }

            writer.WriteEndArray();
        }
    }

    private static void Write(Utf8JsonWriter writer, ExplainedTarget miss)
    {
        writer.WriteStartObject();
        Write(writer, miss.Target ?? new());
        writer.WriteStartObject("contradictions");
        foreach (Contradiction contradiction in miss.Contradictions)
        {
            writer.WriteStartObject(contradiction.Key);
            writer.WriteString("requested", contradiction.Requested);
            writer.WriteString("registered", contradiction.Registered);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        WriteAll(writer, "missing_keys", miss.MissingKeys);
        WriteAll(writer, "unmet_keys", miss.UnmetKeys);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, HandleChange told)
    {
        if (told.HandleId > 0 || IsOfTap(told))
        {
            writer.WriteNumber("handle", told.HandleId);
            writer.WriteNumber("parent", told.ParentId);
        }
        else
        {
            writer.WriteNumber("connection", told.ConnectionId);
        }

        if (told.Step == HandleStep.Constrained)
        {
            WriteAll(writer, "rights", told.Rights.Select(NameOf));
            WriteLabels(writer, "in", told.InLabels?.Labels_ ?? []);
            WriteAll(writer, "in_required", told.InLabels?.RequiredKeys ?? []);
            WriteLabels(writer, "out", told.OutLabels?.Labels_ ?? []);
            WriteAll(writer, "out_required", told.OutLabels?.RequiredKeys ?? []);
        }

        if (IsOfTap(told))
        {
            WriteLabels(writer, "labels", told.OutLabels?.Labels_ ?? []);
            WriteAll(writer, "required", told.OutLabels?.RequiredKeys ?? []);
        }

        Write(writer, "process", told.Process);
        if (told.Ended is RevokeResponse ended)
        {
            writer.WriteStartObject("ended");
            writer.WriteNumber("handles", ended.Handles);
            writer.WriteNumber("sessions", ended.Sessions);
            writer.WriteNumber("targets", ended.Targets);
            writer.WriteNumber("connections", ended.Connections);
            writer.WriteEndObject();
        }
    }

    private static bool IsOfTap(HandleChange told) => told.Step is HandleStep.TapBegun or HandleStep.TapEnded;

    private static void Write(Utf8JsonWriter writer, QuotaEvent told)
    {
        writer.WriteString("quota", told.Quota);
        writer.WriteString("budget", told.Budget);
        writer.WriteNumber("limit", told.Limit);
        Write(writer, "process", told.Process);
        writer.WriteNumber("handle", told.HandleId);
    }

    private static void Write(Utf8JsonWriter writer, string name, ProcessCredentials? process)
    {
        writer.WriteStartObject(name);
        writer.WriteNumber("pid", process?.Pid ?? 0);
        writer.WriteNumber("uid", process?.Uid ?? 0);
        writer.WriteEndObject();
    }

    private static void WriteStatus(Utf8JsonWriter writer, int code, string reason)
    {
        writer.WriteString("status", StatusNames.Of((Grpc.Core.StatusCode)code));
        writer.WriteString("reason", reason);
    }

    // The sources where there are any: a request has none.
    private static void WriteLabels(Utf8JsonWriter writer, string name, IReadOnlyCollection<Label> labels)
    {
        writer.WriteStartObject(name);
        foreach (Label label in labels)
        {
            writer.WriteString(label.Key, label.Value);
        }

        writer.WriteEndObject();
        if (name == "labels" && labels.Any(l => l.Source != Source.Unspecified))
        {
            writer.WriteStartObject("sources");
            foreach (Label label in labels)
            {
                writer.WriteString(label.Key, NameOf(label.Source));
            }

            writer.WriteEndObject();
        }
    }

    private static void WriteAll(Utf8JsonWriter writer, string name, IEnumerable<string> words)
    {
        writer.WriteStartArray(name);
        foreach (string word in words)
        {
            writer.WriteStringValue(word);
        }

        writer.WriteEndArray();
    }

    private static string NameOf(Source source) => source switch
    {
        Source.Claimed => "claimed",
        Source.Pinned => "pinned",
        Source.Attested => "attested",
        _ => "unknown",
    };
}
