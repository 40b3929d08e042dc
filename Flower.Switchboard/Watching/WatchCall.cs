// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Grpc.Core;

namespace Flower.Switchboard.Watching;

/// <summary>Tells a caller what happens, until it goes. On the loop: who reads slowly holds up nobody else.</summary>
internal static class WatchCall
{
    /// <summary>Tells it.</summary>
    /// <param name="board">What is watched.</param>
    /// <param name="caller">Who watches.</param>
    /// <param name="labels">What of it.</param>
    /// <param name="isResumed">Another process had begun.</param>
    /// <param name="send">Takes some events.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <exception cref="RpcException">PERMISSION_DENIED, INVALID_ARGUMENT, RESOURCE_EXHAUSTED; UNAVAILABLE: the board stops.
    /// </exception>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public static async Task RunAsync(
        Board board,
        Caller caller,
        Labels? labels,
        bool isResumed,
        Func<WatchResponse, Task> send,
        CancellationToken cancellationToken)
    {
        SwitchboardService.Require(caller, Rights.List);
        var watcher = new Watcher(board, new Viewer(caller, labels), isResumed);
        board.Events.Add(watcher);
        try
        {
            while (!watcher.IsStopped)
            {
                WatchResponse? next = watcher.Next();
                if (next is null)
                {
                    await watcher.WaitAsync(cancellationToken);
                }
                else if (next.Events.Count > 0)
                {
                    await send(next);
                }

                cancellationToken.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }
        finally
        {
            board.Events.Remove(watcher);
        }

        throw Sessions.Refusal.Stopping();
    }
}
