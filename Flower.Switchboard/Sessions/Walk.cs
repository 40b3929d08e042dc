// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions.Live;
using Google.Protobuf;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// Tells a caller of the live handles and the connections that it may see, in slices, each of which is short
/// work: who reads slowly holds up nobody else. On the loop.
/// </summary>
internal static class Walk
{
    private const int MaxOwners = 16;
    private const int SliceItems = 128;
    private const int SliceBytes = 32 * 1024;

    /// <summary>Sends the handles.</summary>
    /// <param name="board">Whose.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cursor">Where to begin.</param>
    /// <param name="send">Takes a slice.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    public static Task HandlesAsync(
        Board board,
        Caller caller,
        WalkCursor cursor,
        Func<HandlesResponse, Task> send,
        CancellationToken cancellationToken)
    {
        var scope = new HandleScope(caller.Node);
        return RunAsync(
            board.Handles.Live.After,
            cursor,
            node => scope.Covers(node) ? Describe(node) : null,
            slice => send(new HandlesResponse { Handles = { slice } }),
            cancellationToken);
    }

    /// <summary>Sends the connections.</summary>
    /// <param name="board">Whose.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="request">Which.</param>
    /// <param name="cursor">Where to begin.</param>
    /// <param name="send">Takes a slice.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    public static async Task ConnectionsAsync(
        Board board,
        Caller caller,
        ConnectionsRequest request,
        WalkCursor cursor,
        Func<ConnectionsResponse, Task> send,
        CancellationToken cancellationToken)
    {
        var view = new ConnectionView(board, caller, request);
        if (!request.RevocableOnly)
        {
            await board.Live.RefreshAsync();
        }

        await RunAsync(
            board.Live.After,
            cursor,
            view.Show,
            slice => send(new ConnectionsResponse { Connections = { slice } }),
            cancellationToken);
    }

    private static async Task RunAsync<TItem, TMessage>(
        Func<ulong, int, IReadOnlyList<KeyValuePair<ulong, TItem>>> after,
        WalkCursor cursor,
        Func<TItem, TMessage?> describe,
        Func<IReadOnlyList<TMessage>, Task> send,
        CancellationToken cancellationToken)
        where TItem : class
        where TMessage : class, IMessage
    {
        for (IReadOnlyList<KeyValuePair<ulong, TItem>> slice; (slice = after(cursor.Last, SliceItems)).Count > 0;)
        {
            var messages = new List<TMessage>();
            int bytes = 0;
            foreach ((ulong id, TItem item) in slice)
            {
                TMessage? message = describe(item);
                bytes += message?.CalculateSize() ?? 0;
                if (bytes > SliceBytes && messages.Count > 0)
                {
                    break;
                }

                if (message is not null)
                {
                    messages.Add(message);
                }

                cursor.Last = id;
            }

            if (messages.Count > 0)
            {
                await send(messages);
            }

            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static LiveHandle Describe(HandleNode node) => new()
    {
        Id = node.Handle.Id,
        Parent = node.Parent?.Handle.Id ?? 0,
        Rights = { node.Handle.Rights.ToMessage() },
        InLabels = node.Handle.InLabels.ToMessage(),
        OutLabels = node.Handle.OutLabels.ToMessage(),
        Maker = Describe(node.Maker),
        Sessions = (uint)node.Sessions.Count(),
        Owners =
        {
            node.Sessions.Where(session => session.Owner is not null)
                .Select(session => Describe(session.Owner!.Value)).Distinct().Take(MaxOwners),
        },
        Targets = (uint)node.Targets.Count,
        Connections = (uint)node.Connections,
        AgeMs = AgeOf(node.Since),
    };

    /// <summary>A process.</summary>
    public static ProcessCredentials Describe(Credentials process) => new() { Pid = process.Pid, Uid = process.Uid };

    private static ulong AgeOf(long since) => (ulong)Math.Max(0, Environment.TickCount64 - since);
}
