// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Flower.Connections;

/// <summary>What <c>flower top</c> shows, and in which order. For one thread.</summary>
internal sealed class TopView
{
    private int _column = Column.All.ToList().FindIndex(column => column.Header == "AGE");
    private bool _isReversed;

    /// <summary>Does what a key asks for; false: it asks for the end.</summary>
    public bool Press(ConsoleKeyInfo key)
    {
        int count = Column.All.Count;
        switch (key)
        {
            case { KeyChar: 'q' or 'Q' } or { Key: ConsoleKey.Escape }:
                return false;
            case { KeyChar: 'r' or 'R' }:
                _isReversed = !_isReversed;
                break;
            case { KeyChar: '<' } or { Key: ConsoleKey.LeftArrow }:
                _column = (_column + count - 1) % count;
                break;
            case { KeyChar: '>' } or { Key: ConsoleKey.RightArrow }:
                _column = (_column + 1) % count;
                break;
            default:
                break;
        }

        return true;
    }

    /// <summary>The connections in order.</summary>
    public IReadOnlyList<SeenConnection> Sort(IReadOnlyList<SeenConnection> connections)
    {
        Column column = Column.All[_column];
        bool isDescending = column.IsNumber != _isReversed;
        var comparer = Comparer<SeenConnection>.Create(column.Order);
        return isDescending
            ? [.. connections.OrderByDescending(seen => seen, comparer).ThenBy(seen => seen.Info.Id)]
            : [.. connections.OrderBy(seen => seen, comparer).ThenBy(seen => seen.Info.Id)];
    }

    /// <summary>The screen.</summary>
    /// <param name="connections">All.</param>
    /// <param name="rows">How many there is room for.</param>
    public IRenderable Draw(IReadOnlyList<SeenConnection> connections, int rows)
    {
        var table = new Table().Border(TableBorder.Simple).Expand();
        for (int i = 0; i < Column.All.Count; i++)
        {
            Column column = Column.All[i];
            Style style = i == _column ? new Style(decoration: Decoration.Invert) : Style.Plain;
            var shown = new TableColumn(new Text(column.Header, style)) { NoWrap = true };
            table.AddColumn(column.IsNumber ? shown.RightAligned() : shown);
        }

        foreach (SeenConnection seen in Sort(connections).Take(rows))
        {
            table.AddRow([.. Column.All.Select(column => column.Show(seen).Overflow(Overflow.Ellipsis))]);
        }

        string more = connections.Count > rows ? $", of which {rows} are shown" : "";
        string text = $"{connections.Count} connection{(connections.Count == 1 ? "" : "s")}{more}   < > column   r reverse   q end";
        var lines = new List<IRenderable> { new Text(text) };
        if (UnseenNotice.For(connections) is string notice)
        {
            lines.Add(new Text(LabelRules.Printable(notice)).Overflow(Overflow.Ellipsis));
        }

        lines.Add(table);
        return new Rows(lines);
    }
}
