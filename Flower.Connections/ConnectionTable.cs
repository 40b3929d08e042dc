// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Spectre.Console;

namespace Flower.Connections;

/// <summary>
/// Connections as a table on a terminal, in the order in which they were made: a line or more for the client, and below it for the
/// target, so that there is room for both on a narrow one.
/// </summary>
internal static class ConnectionTable
{
    /// <summary>The table.</summary>
    public static Table Make(IReadOnlyList<ObservedConnection> connections)
    {
        Table table = new Table().Border(TableBorder.Simple);
        // A number is of no use in pieces: what is long gives way.
        foreach (string header in new[] { "ID", "AGE", "STATE", "SIDE", "PID", "NAME", "ITS LABELS", "WAITS\nFOR IT" })
        {
            table.AddColumn(new TableColumn(header) { NoWrap = header is not ("NAME" or "ITS LABELS") });
        }

        foreach (ObservedConnection seen in connections)
        {
            // Of TCP the one side has what it moves, and the other how well that goes: there is no room for a column each.
            TcpMeasures? tcp = seen.Tcp;
            string[] ofClient =
            [
                seen.State,
                .. seen.Info.IsRevocable ? ["revocable"] : Array.Empty<string>(),
                .. tcp?.SentBytes is { } sent ? [$"sent {sent}", $"received {tcp?.ReceivedBytes}"] : Array.Empty<string>(),
            ];
            string[] ofTarget = tcp is { } measured
                ? [$"rtt {measured.RoundTripMicroseconds} µs", $"resent {measured.Retransmits}"]
                : [];
            AddSide(
                table, $"{seen.Info.Id}", AgeText.Of(seen.Info.Age), ofClient,
                "client", seen.Client, ObservedConnection.Stated(seen.Info.ClientLabels), seen.ToClient);
            AddSide(
                table, "", "", ofTarget,
                "target", seen.Target, ObservedConnection.Stated(seen.Info.TargetLabels), seen.ToTarget);
        }

        return table;
    }

    // Text, not markup: whatever a program calls itself is printed as it stands.
    private static void AddSide(
        Table table, string id, string age, string[] state, string name, SeenSide side, IEnumerable<string> labels, long? waits) =>
        table.AddRow(
            new Text(id), new Text(age), Lines(state), new Text(name), new Text(side.PidText), Lines([side.Command ?? "?"]),
            Lines(labels), new Text($"{waits}"));

    private static Text Lines(IEnumerable<string> lines) => new(string.Join('\n', lines.Select(LabelRules.Printable)));
}
