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
            AnsiConsole.Write(Handles(handles));
        }

        if (connections.Count > 0)
        {
            AnsiConsole.Write(Connections(connections));
        }
    }

    private static Table Handles(List<HandleInfo> handles)
    {
        Table table = New("HANDLE", "RIGHTS", "IN", "OUT", "MADE BY", "SESSIONS", "TARGETS", "CONNECTIONS", "AGE");
        foreach ((HandleInfo handle, int depth) in InTreeOrder(handles))
        {
            AddRow(
                table,
                depth == 0 ? $"{handle.Id}" : $"{new string(' ', 2 * (depth - 1))}└ {handle.Id}",
                RightWords.Names(handle.Rights),
                handle.InLabels.ToString(),
                handle.OutLabels.ToString(),
                Process(handle.Maker),
                Sessions(handle),
                $"{handle.Targets}",
                $"{handle.Connections}",
                AgeText.Of(handle.Age));
        }

        return table;
    }

    private static Table Connections(List<ConnectionInfo> connections)
    {
        Table table = New("CONNECTION", "CLIENT", "OVER", "TARGET", "OVER", "AGE");
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
    private static IEnumerable<(HandleInfo Handle, int Depth)> InTreeOrder(List<HandleInfo> handles)
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

    private static Table New(params string[] columns) => new Table().Border(TableBorder.Simple).AddColumns(columns);

    // Text, not markup: whatever a program calls itself is printed as it stands.
    private static void AddRow(Table table, params string[] cells) =>
        table.AddRow([.. cells.Select(cell => new Text(LabelRules.Printable(cell)))]);

    private static string Process(ProcessInfo process) => $"{process.Id} (uid {process.UserId})";

    private static string Sessions(HandleInfo handle) => handle.Owners.Count == 0
        ? $"{handle.Sessions}"
        : $"{handle.Sessions}: {string.Join(' ', handle.Owners.Select(owner => owner.Id))}";
}
