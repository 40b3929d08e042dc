// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;
using Spectre.Console;

namespace Flower.Explain;

/// <summary>An explanation for people: the verdict in a few lines, and a table of targets.</summary>
internal static class ExplanationText
{
    public static void Print(Explanation explanation)
    {
        foreach (string line in Verdict(explanation))
        {
            Console.WriteLine(LabelRules.Printable(line));
        }

        if (explanation.Targets.Count > 0)
        {
            AnsiConsole.Write(Make(explanation.Targets));
        }

        if (explanation.TargetCount > explanation.Targets.Count)
        {
            Console.WriteLine($"and {explanation.TargetCount - explanation.Targets.Count} more: see --all");
        }
    }

    /// <summary>The verdict, what is asked for, and who is asked for names.</summary>
    public static IEnumerable<string> Verdict(Explanation explanation)
    {
        yield return explanation switch
        {
            { StatusCode: StatusCode.OK } => "would be offered to a target",
            { StatusCode: StatusCode.Unknown } => $"not known: {explanation.Message}: see --resolve",
            { WouldWait: true } => $"would wait: {explanation.Message}",
            _ => $"would fail: {StatusNames.Of(explanation.StatusCode)}: {explanation.Message}",
        };
        string stated = string.Join(
            ' ', explanation.Labels.Select(l => $"{l.Key}={l.Value}").Concat(explanation.RequiredKeys.Select(k => $"+{k}")));
        yield return $"states: {(stated.Length == 0 ? "nothing" : stated)}";
        foreach (ResolverExplanation resolver in explanation.Resolvers)
        {
            yield return Resolver(resolver);
        }
    }

    /// <summary>The table.</summary>
    public static Table Make(IEnumerable<TargetExplanation> targets)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns("STANDING", "KIND", "LABELS", "WHY");
        foreach (TargetExplanation target in targets)
        {
            // Text, not markup: whatever a program calls itself is printed as it stands.
            table.AddRow(
                new Text(Names.Of(target.Standing)),
                new Text(Names.Of(target.Target)),
                Lines(Labels(target.Target)),
                Lines(Reasons.Of(target)));
        }

        return table;
    }

    private static string Resolver(ResolverExplanation resolver)
    {
        string who = resolver.Resolver.Count == 0
            ? "resolver"
            : $"resolver {string.Join(' ', resolver.Resolver.Where(l => l.Source != Source.Attested).Select(l => $"{l.Key}={l.Value}"))}"
                .TrimEnd();
        return resolver switch
        {
            { WasAsked: false } => $"{who}: would be asked {resolver.Question}",
            { Failure: string failure } => $"{who}: was asked {resolver.Question}, and failed: {failure}",
            { Found: 0 } => $"{who}: was asked {resolver.Question}: no such name",
            _ => $"{who}: was asked {resolver.Question}, which stands for {resolver.Found}",
        };
    }

    private static IEnumerable<string> Labels(TargetInfo target) => target.Labels
        .Where(l => l.Source != Source.Attested).Select(l => $"{l.Key}={l.Value}")
        .Concat(target.RequiredKeys.Select(key => $"+{key}"));

    private static Text Lines(IEnumerable<string> lines) => new(string.Join('\n', lines.Select(LabelRules.Printable)));
}
