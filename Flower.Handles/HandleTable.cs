// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Spectre.Console;

namespace Flower.Handles;

/// <summary>Handles as a tree in a table on a terminal, and below it the revocable connections, if there are any.</summary>
internal static class HandleTable
{
    public static async Task PrintAsync(Handle handle, CancellationToken cancellationToken)
    {
        List<HandleInfo> handles = await handle.HandlesAsync(cancellationToken).ToListAsync(cancellationToken);
        List<ConnectionInfo> connections =
            await handle.RevocableConnectionsAsync(cancellationToken).ToListAsync(cancellationToken);
        if (handles.Count + connections.Count == 0)
        {
            Console.WriteLine("no handles");
        }

        if (handles.Count > 0)
        {
            AnsiConsole.Write(Make(handles));
        }

        if (connections.Count > 0)
        {
            AnsiConsole.Write(Connections(connections));
        }
    }

    /// <summary>The table. A column in which there is nothing to see is left out: a terminal is narrow.</summary>
    public static Table Make(IReadOnlyList<HandleInfo> handles)
    {
        (string Header, bool Wraps, bool IsNeeded)[] columns =
        [
            ("HANDLE", false, true),
            ("RIGHTS", true, true),
            ("IN", true, handles.Any(handle => !handle.InLabels.IsEmpty)),
            ("OUT", true, handles.Any(handle => !handle.OutLabels.IsEmpty)),
            ("MADE BY", false, true),
            ("SESSIONS", false, true),
            ("TARGETS", false, handles.Any(handle => handle.Targets > 0)),
            ("CONNECTIONS", false, handles.Any(handle => handle.Connections > 0)),
            ("AGE", false, true),
        ];
        Table table = New([.. columns.Where(column => column.IsNeeded).Select(column => (column.Header, column.Wraps))]);
        foreach ((HandleInfo handle, int depth) in InTreeOrder(handles))
        {
            string[] cells =
            [
                depth == 0 ? $"{handle.Id}" : $"{new string(' ', 2 * (depth - 1))}└ {handle.Id}",
                RightWords.Names(handle.Rights),
                handle.InLabels.ToString(),
                handle.OutLabels.ToString(),
                Process(handle.Maker),
                Sessions(handle),
                $"{handle.Targets}",
                $"{handle.Connections}",
                AgeText.Of(handle.Age),
            ];
            AddRow(table, [.. cells.Where((_, index) => columns[index].IsNeeded)]);
        }

        return table;
    }

    private static Table Connections(List<ConnectionInfo> connections)
    {
        Table table = New(
            ("CONNECTION", false), ("CLIENT", false), ("OVER", false), ("TARGET", false), ("OVER", false), ("AGE", false));
        foreach (ConnectionInfo connection in connections)
        {
            AddRow(
                table,
                $"{connection.Id}",
                Process(connection.Client),
                $"{connection.ClientHandle}",
                Process(connection.Target),
                $"{connection.TargetHandle}",
                AgeText.Of(connection.Age));
        }

        return table;
    }

    // Each after its parent and the parent's earlier children. Without recursion: there is no limit to how deep it is.
    private static IEnumerable<(HandleInfo Handle, int Depth)> InTreeOrder(IReadOnlyList<HandleInfo> handles)
    {
        var ids = handles.Select(handle => handle.Id).ToHashSet();
        ILookup<ulong, HandleInfo> children = handles.ToLookup(
            handle => handle.Parent is { } parent && ids.Contains(parent) ? parent : 0);
        var next = new Stack<(HandleInfo Handle, int Depth)>(children[0].Reverse().Select(handle => (handle, 0)));
        while (next.TryPop(out (HandleInfo Handle, int Depth) at))
        {
            yield return at;
            foreach (HandleInfo child in children[at.Handle.Id].Reverse())
            {
                next.Push((child, at.Depth + 1));
            }
        }
    }

    // A number is of no use in pieces: what is long gives way.
    private static Table New(params (string Header, bool Wraps)[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach ((string header, bool wraps) in columns)
        {
            table.AddColumn(new TableColumn(header) { NoWrap = !wraps });
        }

        return table;
    }

    // Text, not markup: whatever a program calls itself is printed as it stands.
    private static void AddRow(Table table, params string[] cells) => table.AddRow(
        [.. cells.Select(cell => new Text(string.Join('\n', cell.Split('\n').Select(LabelRules.Printable))))]);

    private static string Process(ProcessInfo process) => $"{process.Id}\nuid {process.UserId}";

    private static string Sessions(HandleInfo handle) => handle.Owners.Count == 0
        ? $"{handle.Sessions}"
        : $"{handle.Sessions}: {string.Join("\n   ", handle.Owners.Select(owner => owner.Id))}";
}
