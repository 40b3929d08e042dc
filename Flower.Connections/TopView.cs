// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Flower.Connections;

/// <summary>What <c>flower top</c> shows, and in which order. For one thread.</summary>
internal sealed class TopView
{
    // Of each column, with the border before it; one more border is behind the last.
    private const int Gap = 3;
    private const int LeastText = 8;
    private const int LeastName = 4;

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
    public IReadOnlyList<ObservedConnection> Sort(IReadOnlyList<ObservedConnection> connections)
    {
        Column column = Column.All[_column];
        bool isDescending = column.IsNumber != _isReversed;
        var comparer = Comparer<ObservedConnection>.Create(column.Order);
        return isDescending
            ? [.. connections.OrderByDescending(seen => seen, comparer).ThenBy(seen => seen.Info.Id)]
            : [.. connections.OrderBy(seen => seen, comparer).ThenBy(seen => seen.Info.Id)];
    }

    /// <summary>The screen.</summary>
    /// <param name="connections">All.</param>
    /// <param name="rows">How many there is room for.</param>
    /// <param name="width">How many characters a line has.</param>
    public IRenderable Draw(IReadOnlyList<ObservedConnection> connections, int rows, int width)
    {
        List<ObservedConnection> shown = [.. Sort(connections).Take(rows)];
        List<(Column Column, int Width)> columns = Fit(shown, width);
        var table = new Table().Border(TableBorder.Simple).Expand();
        foreach ((Column column, _) in columns)
        {
            Style style = column == Column.All[_column] ? new Style(decoration: Decoration.Invert) : Style.Plain;
            var header = new TableColumn(new Text(column.Header, style)) { NoWrap = true };
            table.AddColumn(column.IsNumber ? header.RightAligned() : header);
        }

        foreach (ObservedConnection seen in shown)
        {
            table.AddRow([.. columns.Select(fit => new Text(Crop(fit.Column, seen, fit.Width)))]);
        }

        string more = connections.Count > rows ? $", of which {rows} are shown" : "";
        string text = $"{Plural.Of(connections.Count, "connection")}{more}   < > column   r reverse   q end";
        var lines = new List<IRenderable> { new Text(text) };
        if (UnseenNotice.For(connections) is string notice)
        {
            lines.Add(new Text(LabelRules.Printable(notice)).Overflow(Overflow.Ellipsis));
        }

        lines.Add(table);
        return new Rows(lines);
    }

    // The table draws nothing at all where it has too little room: so what is long is cropped, and then columns are left
    // out from the right, but for the chosen one.
    private List<(Column Column, int Width)> Fit(List<ObservedConnection> shown, int width)
    {
        Column chosen = Column.All[_column];
        bool hasTcp = shown.Exists(seen => seen.Tcp is not null);
        List<(Column Column, int Width)> columns = [.. Column.All
            .Where(column => hasTcp || !column.IsOfTcp || column == chosen)
            .Select(column => (column, shown.Select(seen => column.Show(seen).GetCellWidth())
                .Append(column.HeaderWidth).Max()))];
        while (true)
        {
            int excess = columns.Sum(column => column.Width + Gap) + 1 - width;
            int longest = columns.FindIndex(column => column.Width == columns.Max(other => other.Width));
            if (excess <= 0)
            {
                return columns;
            }

            (Column column, int was) = columns[longest];
            int keeps = column.Kept is { } kept ? shown.Select(seen => kept(seen).Length).DefaultIfEmpty().Max() : 0;
            int least = Math.Max(Math.Max(LeastText, LeastName + keeps), column.HeaderWidth);
            if (was > least)
            {
                columns[longest] = (column, Math.Max(least, was - excess));
            }
            else if (columns.FindLastIndex(other => other.Column != chosen) is int last and > 0)
            {
                columns.RemoveAt(last);
            }
            else
            {
                return columns;
            }
        }
    }

    private static string Crop(Column column, ObservedConnection seen, int width)
    {
        string text = column.Show(seen);
        string kept = column.Kept is { } keep ? " " + keep(seen) : "";
        return text.GetCellWidth() <= width || kept.Length >= width
            ? Crop(text, width)
            : Crop(text[..^kept.Length], width - kept.Length) + kept;
    }

    private static string Crop(string text, int width)
    {
        if (text.GetCellWidth() <= width)
        {
            return text;
        }

        // A character has one cell or two, or none.
        int length = Math.Min(text.Length, width - 1);
        while (length > 0 && (char.IsHighSurrogate(text[length - 1]) || text[..length].GetCellWidth() >= width))
        {
            length--;
        }

        return text[..length] + "…";
    }
}
