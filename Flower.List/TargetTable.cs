// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Spectre.Console;

namespace Flower.List;

/// <summary>Targets as a table on a terminal, sorted by kind and labels.</summary>
internal static class TargetTable
{
    private const int DefaultWeight = 100;
    private const string Pid = "flower.server_pid";

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

        AnsiConsole.Write(Make(all));
    }

    /// <summary>
    /// The table. Who stands behind a label is told by its column, since a claimed value can look like anything; a column in which
    /// there is nothing to see is left out.
    /// </summary>
    public static Table Make(IEnumerable<TargetInfo> targets)
    {
        targets = [.. targets];
        bool hasPid = targets.Any(t => t.Labels[Pid] is not null);
        Table table = new Table().Border(TableBorder.Simple).AddColumn("KIND");
        if (hasPid)
        {
            // A number is of no use in pieces.
            table.AddColumn(new TableColumn("PID") { NoWrap = true });
        }

        (string Header, Func<TargetInfo, IEnumerable<string>> Lines, bool IsAlwaysShown)[] columns =
        [
            ("CLAIMED", target => Labels(target, Source.Claimed), true),
            ("PINNED", target => Labels(target, Source.Pinned), false),
            ("ATTESTED", target => Labels(target, Source.Attested), false),
            ("REQUIRES", target => target.RequiredKeys.Select(key => "+" + key), false),
            ("STATE", State, false),
        ];
        // Mostly there is little to say, and a terminal is narrow.
        columns = [.. columns.Where(column => column.IsAlwaysShown || targets.Any(target => column.Lines(target).Any()))];
        table.AddColumns([.. columns.Select(column => column.Header)]);

        foreach (TargetInfo target in targets
            .OrderBy(t => t.Kind).ThenBy(t => t.Labels.ToString(), StringComparer.Ordinal))
        {
            // Text, not markup: whatever a program calls itself is printed as it stands.
            table.AddRow(
            [
                new Text(TargetKinds.Name(target)),
                .. hasPid ? [new Text(target.Labels[Pid] ?? "")] : Array.Empty<Text>(),
                .. columns.Select(column => Lines(column.Lines(target))),
            ]);
        }

        return table;
    }

    private static IEnumerable<string> State(TargetInfo target)
    {
        if (target.IsDraining)
        {
            yield return "drains";
        }

        if (target.Weight != DefaultWeight)
        {
            yield return $"weight {target.Weight}";
        }

        if (target.OpenConnections > 0)
        {
            yield return $"{target.OpenConnections} open";
        }
    }

    private static IEnumerable<string> Labels(TargetInfo target, Source source) =>
        target.Labels.Where(l => l.Source == source && l.Key != Pid).Select(l => $"{l.Key}={l.Value}");

    private static Text Lines(IEnumerable<string> lines) => new(string.Join('\n', lines.Select(LabelRules.Printable)));
}
