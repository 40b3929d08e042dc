// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Spectre.Console;

namespace Flower.List;

/// <summary>Targets as a table on a terminal, sorted by kind and labels.</summary>
internal static class TargetTable
{
    public static async Task PrintAsync(IAsyncEnumerable<TargetInfo> targets, CancellationToken cancellationToken)
    {
        var all = new List<TargetInfo>();
        await foreach (TargetInfo target in targets.WithCancellation(cancellationToken))
        {
            all.Add(target);
        }

        if (all.Count == 0)
        {
            Console.WriteLine("no targets");
            return;
        }

        Table table = new Table().Border(TableBorder.Simple).AddColumns("KIND", "LABELS", "REQUIRES");
        foreach (TargetInfo target in all
            .OrderBy(t => t.Kind).ThenBy(t => t.Labels.ToString(), StringComparer.Ordinal))
        {
            // Text, not markup: whatever a program calls itself is printed as it stands.
            table.AddRow(new Text(TargetKinds.Name(target.Kind)), Labels(target), Requires(target));
        }

        AnsiConsole.Write(table);
    }

    private static Text Labels(TargetInfo target) =>
        new(LabelRules.Printable(string.Join(' ', target.Labels.Select(l => $"{l.Key}={l.Value}"))));

    private static Text Requires(TargetInfo target) =>
        new(LabelRules.Printable(string.Join(' ', target.RequiredKeys.Select(k => "+" + k))));
}
