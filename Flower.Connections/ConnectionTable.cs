// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Protocol;
using Spectre.Console;

namespace Flower.Connections;

/// <summary>Connections as a table on a terminal, in the order in which they were made.</summary>
internal static class ConnectionTable
{
    /// <summary>The table. What is measured of TCP has its columns only where there is some: a terminal is narrow.</summary>
    public static Table Make(IReadOnlyList<ObservedConnection> connections)
    {
        bool hasTcp = connections.Any(seen => seen.Tcp is not null);
        Table table = new Table().Border(TableBorder.Simple)
            .AddColumns("ID", "CLIENT", "ITS LABELS", "TARGET", "ITS LABELS", "AGE", "STATE", "WAITS FOR\nCLIENT", "WAITS FOR\nTARGET");
        if (hasTcp)
        {
            table.AddColumns("SENT", "RECEIVED", "RTT", "RESENT");
        }

        foreach (ObservedConnection seen in connections)
        {
            List<Text> cells =
            [
                One($"{seen.Info.Id}"),
                One(seen.Client.Text),
                Lines(ObservedConnection.Stated(seen.Info.ClientLabels)),
                One(seen.Target.Text),
                Lines(ObservedConnection.Stated(seen.Info.TargetLabels)),
                One(AgeText.Of(seen.Info.Age)),
                One(seen.Info.IsRevocable ? seen.State + ", revocable" : seen.State),
                One($"{seen.ToClient}"),
                One($"{seen.ToTarget}"),
            ];
            if (hasTcp)
            {
                cells.AddRange(
                [
                    One($"{seen.Tcp?.SentBytes}"),
                    One($"{seen.Tcp?.ReceivedBytes}"),
                    One(seen.Tcp is { } tcp ? $"{tcp.RoundTripMicroseconds} µs" : ""),
                    One($"{seen.Tcp?.Retransmits}"),
                ]);
            }

            table.AddRow(cells);
        }

        return table;
    }

    // Text, not markup: whatever a program calls itself is printed as it stands.
    private static Text One(string line) => new(LabelRules.Printable(line));

    private static Text Lines(IEnumerable<string> labels) => new(string.Join('\n', labels.Select(LabelRules.Printable)));
}
