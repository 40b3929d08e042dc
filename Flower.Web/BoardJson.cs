// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Text.Json;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Web;

/// <summary>What the page is told, as JSON. Ids are text: JavaScript's numbers do not hold them.</summary>
internal static class BoardJson
{
    /// <summary>A target.</summary>
    /// <param name="id">By which connections name it.</param>
    /// <param name="target">What List tells of it.</param>
    /// <param name="command">What its process is called; null: not known.</param>
    /// <param name="isGone">It is not registered any more, but has open connections.</param>
    public static byte[] Target(string id, Target target, string? command, bool isGone) => Make(writer =>
    {
        writer.WriteString("id", id);
        writer.WriteString("kind", EventJson.NameOf(target.Kind, target.Activator));
        WriteLabels(writer, "labels", target.Labels);
        WriteWords(writer, "required", target.RequiredKeys);
        writer.WriteNumber("weight", target.Weight);
        writer.WriteBoolean("draining", target.Draining);
        writer.WritePropertyName("open");
        if (target.HasOpenConnections)
        {
            writer.WriteNumberValue(target.OpenConnections);
        }
        else
        {
            writer.WriteNullValue();
        }

        writer.WriteBoolean("gone", isGone);
        writer.WriteString("command", command);
    });

    /// <summary>A connection.</summary>
    public static byte[] Connection(PanelConnection seen) => Make(writer =>
    {
        LiveConnection told = seen.Told;
        writer.WriteString("id", Id(told.Id));
        writer.WriteString("target", seen.TargetId);
        writer.WriteString("kind", ConnectionKinds.NameOf(told.Kind));
        writer.WriteStartObject("client");
        WriteProcess(writer, told.Client, seen.ClientCommand);
        writer.WriteString("handle", Id(told.ClientHandle));
        WriteLabels(writer, "labels", told.ClientLabels);
        writer.WriteEndObject();
        writer.WriteStartObject("server");
        WriteProcess(writer, told.Target, seen.TargetCommand);
        writer.WriteString("handle", Id(told.TargetHandle));
        writer.WriteEndObject();
        writer.WriteNumber("since", seen.Since);
        writer.WriteString("state", seen.State);
        writer.WriteBoolean("revocable", told.Revocable);
    });

    /// <summary>A refusal.</summary>
    /// <param name="told">When, and of what.</param>
    /// <param name="client">Who was refused.</param>
    /// <param name="command">What it is called; null: not known.</param>
    /// <param name="code">With what.</param>
    /// <param name="reason">Why.</param>
    /// <param name="connect">The connect, if it was one.</param>
    /// <param name="near">The id of the target that was nearest to a match; null: none.</param>
    public static byte[] Refusal(
        Event told, ProcessCredentials? client, string? command, StatusCode code, string reason, ConnectEvent? connect, string? near) =>
        Make(writer =>
        {
            writer.WriteNumber("time", told.TimeMs);
            writer.WriteString("what", "refused");
            WriteProcess(writer, client, command);
            writer.WriteString("status", StatusNames.Of(code));
            writer.WriteString("reason", reason);
            WriteLabels(writer, "labels", connect?.Labels?.Labels_ ?? []);
            WriteWords(writer, "required", connect?.Labels?.RequiredKeys ?? []);
            writer.WriteBoolean("ingress", connect?.Ingress ?? false);
            writer.WriteString("near", near);
        });

    /// <summary>Several things of one kind, of which no more is said.</summary>
    public static byte[] Several(long time, string what, int many) => Make(writer =>
    {
        writer.WriteNumber("time", time);
        writer.WriteString("what", what);
        writer.WriteNumber("many", many);
    });

    /// <summary>Whether the board answers.</summary>
    public static byte[] Status(bool isConnected, string words) => Make(writer =>
    {
        writer.WriteBoolean("connected", isConnected);
        writer.WriteString("words", words);
    });

    /// <summary>Figures.</summary>
    public static byte[] Stats(StatsResponse stats) => Make(writer =>
    {
        writer.WriteNumber("accepted", stats.LastSecond?.Accepted ?? 0);
        writer.WriteNumber("refused", stats.LastSecond?.Refused ?? 0);
        writer.WriteNumber("sessions", stats.Sessions);
        writer.WriteNumber("watchers", stats.Watchers);
    });

    /// <summary>Labels: key, value and the first letter of who stands behind it.</summary>
    public static void WriteLabels(Utf8JsonWriter writer, string name, IEnumerable<Label> labels)
    {
        writer.WriteStartArray(name);
        foreach (Label label in labels)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(label.Key);
            writer.WriteStringValue(label.Value);
            writer.WriteStringValue(label.Source switch
            {
                Source.Attested => "a",
                Source.Pinned => "p",
                Source.Claimed => "c",
                _ => "",
            });
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }

    /// <summary>Words.</summary>
    public static void WriteWords(Utf8JsonWriter writer, string name, IEnumerable<string> words)
    {
        writer.WriteStartArray(name);
        foreach (string word in words)
        {
            writer.WriteStringValue(word);
        }

        writer.WriteEndArray();
    }

    /// <summary>An id.</summary>
    public static string Id(ulong id) => id.ToString(CultureInfo.InvariantCulture);

    /// <summary>An object.</summary>
    public static byte[] Make(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteProcess(Utf8JsonWriter writer, ProcessCredentials? process, string? command)
    {
        writer.WriteNumber("pid", process?.Pid ?? 0);
        writer.WriteNumber("uid", process?.Uid ?? 0);
        writer.WriteString("command", command);
    }
}
