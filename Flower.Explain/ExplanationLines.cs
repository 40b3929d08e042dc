// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Explain;

/// <summary>An explanation as lines of JSON: the verdict, then the targets, nearest first.</summary>
internal static class ExplanationLines
{
    public static void Print(Explanation explanation)
    {
        using Stream output = Console.OpenStandardOutput();
        using var line = new MemoryStream();
        using var writer = new Utf8JsonWriter(line);
        Print(() => WriteVerdict(writer, explanation));
        foreach (TargetExplanation target in explanation.Targets)
        {
            Print(() => WriteTarget(writer, target));
        }

        void Print(Action write)
        {
            line.SetLength(0);
            writer.Reset();
            writer.WriteStartObject();
            write();
            writer.WriteEndObject();
            writer.Flush();
            line.WriteByte((byte)'\n');
            output.Write(line.GetBuffer(), 0, (int)line.Length);
        }
    }

    private static void WriteVerdict(Utf8JsonWriter writer, Explanation explanation)
    {
        writer.WriteString("status", StatusNames.Of(explanation.StatusCode));
        writer.WriteString("message", explanation.Message);
        WriteWords(writer, "keys", explanation.Keys);
        WriteWords(writer, "missing_rights", explanation.Rights.Select(Names.Of));
        writer.WritePropertyName("labels");
        explanation.Labels.WriteTo(writer);
        WriteWords(writer, "required_keys", explanation.RequiredKeys);
        writer.WriteBoolean("would_wait", explanation.WouldWait);
        writer.WriteStartArray("resolvers");
        foreach (ResolverExplanation resolver in explanation.Resolvers)
        {
            WriteResolver(writer, resolver);
        }

        writer.WriteEndArray();
        writer.WriteNumber("targets", explanation.TargetCount);
    }

    private static void WriteResolver(Utf8JsonWriter writer, ResolverExplanation resolver)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("resolver");
        resolver.Resolver.WriteTo(writer);
        writer.WritePropertyName("question");
        resolver.Question.WriteTo(writer);
        writer.WriteBoolean("asked", resolver.WasAsked);
        writer.WriteNumber("found", resolver.Found);
        writer.WriteString("failure", resolver.Failure);
        writer.WriteEndObject();
    }

    private static void WriteTarget(Utf8JsonWriter writer, TargetExplanation explained)
    {
        TargetInfo target = explained.Target;
        writer.WriteString("standing", Names.Of(explained.Standing));
        writer.WriteString("rank", Names.Of(explained.Rank));
        WriteDistance(writer, explained.Distance);
        writer.WriteStartObject("contradictions");
        foreach (LabelContradiction contradiction in explained.Contradictions)
        {
            writer.WriteStartObject(contradiction.Key);
            writer.WriteString("requested", contradiction.Requested);
            writer.WriteString("registered", contradiction.Registered);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        WriteWords(writer, "missing_keys", explained.MissingKeys);
        WriteWords(writer, "unmet_keys", explained.UnmetKeys);
        writer.WriteString("obstacle", Names.Of(explained.Obstacle));
        writer.WritePropertyName("outranked_by");
        WriteLabels(writer, explained.OutrankedBy);
        writer.WriteString("kind", Names.Of(target));
        writer.WritePropertyName("labels");
        target.Labels.WriteTo(writer);
        writer.WritePropertyName("sources");
        LabelSources.WriteTo(writer, target.Labels);
        WriteWords(writer, "required_keys", target.RequiredKeys);
        writer.WriteNumber("weight", target.Weight);
        writer.WriteBoolean("draining", target.IsDraining);
    }

    private static void WriteDistance(Utf8JsonWriter writer, int? distance)
    {
        writer.WritePropertyName("distance");
        if (distance is int number)
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteNullValue();
        }
    }

    private static void WriteLabels(Utf8JsonWriter writer, ConnectionLabels? labels)
    {
        if (labels is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            labels.WriteTo(writer);
        }
    }

    private static void WriteWords(Utf8JsonWriter writer, string name, IEnumerable<string> words)
    {
        writer.WriteStartArray(name);
        foreach (string word in words)
        {
            writer.WriteStringValue(word);
        }

        writer.WriteEndArray();
    }
}
