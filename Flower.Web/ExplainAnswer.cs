// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Web;

/// <summary>Asks the board to explain a connect.</summary>
internal static class ExplainAnswer
{
    private const int Few = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Reads what is asked.</summary>
    /// <exception cref="LabelException">The labels are no labels.</exception>
    /// <exception cref="JsonException">It is no question.</exception>
    public static ExplainRequest Read(JsonDocument question)
    {
        try
        {
            return ReadWords(question);
        }
        catch (InvalidOperationException e)
        {
            // Half a character, "\ud800": no UTF-8 can be made of it.
            throw new JsonException("a text that is none", e);
        }
    }

    private static ExplainRequest ReadWords(JsonDocument question)
    {
        if (question.RootElement is not { ValueKind: JsonValueKind.Object } root
            || !root.TryGetProperty("words", out JsonElement words) || words.ValueKind != JsonValueKind.Array
            || words.EnumerateArray().Any(word => word.ValueKind != JsonValueKind.String))
        {
            throw new JsonException("the question must be an object with a list of texts, words");
        }

        bool isIngress = root.TryGetProperty("ingress", out JsonElement ingress) && ingress.ValueKind == JsonValueKind.True;
        LabelSet labels = LabelsArgument.Parse([.. words.EnumerateArray().Select(word => word.GetString()!)]);
        return new() { Labels = labels.ToMessage(), Ingress = isIngress, Relay = isIngress };
    }

    /// <summary>The answer, as JSON.</summary>
    /// <exception cref="RpcException">The board does not answer, or may not.</exception>
    public static async Task<byte[]> AskAsync(BoardDoor door, ExplainRequest request, CancellationToken cancellationToken)
    {
        using AsyncServerStreamingCall<ExplainResponse> call =
            door.Board.Explain(request, deadline: DateTime.UtcNow + Limit, cancellationToken: cancellationToken);
        Verdict? verdict = null;
        var targets = new List<ExplainedTarget>();
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            verdict ??= call.ResponseStream.Current.Verdict;
            targets.AddRange(call.ResponseStream.Current.Targets);
        }

        return BoardJson.Make(writer => Write(writer, verdict ?? new(), targets));
    }

    private static void Write(Utf8JsonWriter writer, Verdict verdict, List<ExplainedTarget> targets)
    {
        writer.WriteString("status", StatusNames.Of((StatusCode)verdict.Code));
        writer.WriteString("message", verdict.Message);
        writer.WriteBoolean("waits", verdict.Waits);
        BoardJson.WriteLabels(writer, "labels", verdict.Labels?.Labels_ ?? []);
        BoardJson.WriteWords(writer, "required", verdict.Labels?.RequiredKeys ?? []);
        BoardJson.WriteWords(writer, "resolvers", verdict.Steps.Select(step =>
            $"Resolver {Claims(step.Resolver)} would be asked {Claims(step.Question)}."));
        writer.WriteNumber("count", targets.Count);
        var stated = (verdict.Labels?.Labels_ ?? []).Select(l => (l.Key, l.Value)).ToHashSet();
        writer.WriteStartArray("targets");
        foreach (ExplainedTarget target in targets.OrderBy(t => t.Standing == Standing.Unspecified ? int.MaxValue : (int)t.Standing)
            .ThenBy(t => t.Rank).ThenBy(t => t.HasDistance ? t.Distance : uint.MaxValue)
            .ThenByDescending(t => t.Target?.Labels.Count(l => stated.Contains((l.Key, l.Value))) ?? 0).Take(Few))
        {
            writer.WriteStartObject();
            writer.WriteString("standing", Name(target.Standing));
            writer.WriteString("kind", EventJson.NameOf(target.Target?.Kind ?? default, target.Target?.Activator ?? false));
            BoardJson.WriteLabels(writer, "labels", target.Target?.Labels ?? []);
            BoardJson.WriteWords(writer, "why", Reasons(target));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static IEnumerable<string> Reasons(ExplainedTarget target)
    {
        string? standing = target.Standing switch
        {
            Standing.Equal => "others match as well",
            Standing.LastResort => "only where there is no other",
            Standing.Drains => "it takes no new connections",
            Standing.Outranked when target.OutrankedBy.Count == 0 => "another one matches better",
            Standing.Outranked => $"another one matches better: {Claims(target.OutrankedBy)}",
            Standing.NoMatch when target.HasDistance && target.Distance == 1 => "one label away",
            _ => null,
        };
        string? obstacle = target.Obstacle switch
        {
            Obstacle.TakesNoIngress => "an egress without a fixed destination is never connected to an ingress",
            Obstacle.TakesRelaysOnly => "an egress is connected only to an ingress that relays",
            Obstacle.NothingInCommon => "it has no label in common with the request",
            _ => null,
        };
        return new[] { standing }
            .Concat(MissText.Of(
                target.Contradictions.Select(c => (c.Key, c.Requested, c.Registered)), target.MissingKeys, target.UnmetKeys))
            .Append(obstacle)
            .OfType<string>();
    }

    private static string Name(Standing standing) => standing switch
    {
        Standing.Best => "best",
        Standing.Equal => "equal",
        Standing.LastResort => "last resort",
        Standing.Drains => "drains",
        Standing.Outranked => "outranked",
        Standing.NoMatch => "no match",
        _ => "unknown",
    };

    private static string Claims(IEnumerable<Label> labels) => string.Join(
        ' ', labels.Where(label => label.Source != Source.Attested).Select(label => $"{label.Key}={label.Value}"));
}
