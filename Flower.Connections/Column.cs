// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Connections;

/// <summary>One thing that is shown of each connection, and by which they can be sorted.</summary>
/// <param name="Header">What it is called, in a line or more.</param>
/// <param name="Cell">The text; not yet safe to print.</param>
/// <param name="Order">Compares two.</param>
internal sealed record Column(string Header, Func<ObservedConnection, string> Cell, Comparison<ObservedConnection> Order)
{
    /// <summary>A number: the largest come first.</summary>
    public bool IsNumber { get; init; }

    /// <summary>How many characters the header needs.</summary>
    public int HeaderWidth { get; } = Header.Split('\n').Max(line => line.Length);

    /// <summary>What <c>flower top</c> shows.</summary>
    public static IReadOnlyList<Column> All { get; } =
    [
        Text("CLIENT", seen => seen.Client.Text) with { Kept = seen => seen.Client.PidText },
        Text("TARGET", seen => seen.Target.Text) with { Kept = seen => seen.Target.PidText },
        Text("LABELS", seen => string.Join(' ', seen.Labels)),
        new("AGE", seen => AgeText.Of(seen.Info.Age), (one, other) => one.Info.Age.CompareTo(other.Info.Age)) { IsNumber = true },
        Text("STATE", seen => seen.State),
        Number("WAITS\nFOR\nCLIENT", seen => seen.ToClient),
        Number("WAITS\nFOR\nTARGET", seen => seen.ToTarget),
        Number("SENT", seen => (long?)seen.Tcp?.SentBytes) with { IsOfTcp = true },
        Number("RECEIVED", seen => (long?)seen.Tcp?.ReceivedBytes) with { IsOfTcp = true },
        Number("RTT µs", seen => seen.Tcp?.RoundTripMicroseconds) with { IsOfTcp = true },
        Number("RESENT", seen => seen.Tcp?.Retransmits) with { IsOfTcp = true },
    ];

    /// <summary>There is nothing to show but for TCP.</summary>
    public bool IsOfTcp { get; init; }

    /// <summary>The end of the text which is of no use in pieces; null: there is none.</summary>
    public Func<ObservedConnection, string>? Kept { get; init; }

    /// <summary>The text, safe for a terminal.</summary>
    public string Show(ObservedConnection seen) => LabelRules.Printable(Cell(seen));

    private static Column Text(string header, Func<ObservedConnection, string> cell) =>
        new(header, cell, (one, other) => string.CompareOrdinal(cell(one), cell(other)));

    private static Column Number(string header, Func<ObservedConnection, long?> value) => new(
        header,
        seen => value(seen) is { } number ? $"{number}" : "",
        (one, other) => (value(one) ?? -1).CompareTo(value(other) ?? -1))
    {
        IsNumber = true,
    };
}
