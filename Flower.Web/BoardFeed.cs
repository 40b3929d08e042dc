// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Threading.Channels;
using Flower.Inspection;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Web;

/// <summary>
/// Follows the board while somebody looks: watches what happens, and asks for the open connections each second, and sooner
/// when some may be others. Goes on when the switchboard is replaced or comes back. For any thread.
/// </summary>
internal sealed class BoardFeed(BoardDoor door, LabelSet labels) : IAsyncDisposable
{
    private static readonly TimeSpan LeastRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MostRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeastPoll = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Channel<bool> _hurry = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private Task _running = Task.CompletedTask;
    private CancellationTokenSource? _stop;
    private int _viewers;

    /// <summary>What is known.</summary>
    public BoardModel Model { get; } = new(new());

    /// <summary>What is shown.</summary>
    public Picture Picture => Model.Picture;

    /// <summary>Somebody looks; false: too many do.</summary>
    public bool TryEnter(int most)
    {
        lock (_lock)
        {
            if (_viewers == most)
            {
                return false;
            }

            if (++_viewers == 1)
            {
                _stop = new();
                _running = RunAsync(_running, _stop.Token);
            }

            return true;
        }
    }

    /// <summary>Who looked looks no more.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            if (--_viewers == 0)
            {
                _stop!.Cancel();
            }
        }
    }

    /// <summary>When nobody looks: waits for what still goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        Task running;
        lock (_lock)
        {
            running = _running;
        }

        await running;
    }

    private async Task RunAsync(Task before, CancellationToken cancellationToken)
    {
        await before;
        Picture.SetStatus(BoardJson.Status(isConnected: false, "connecting to the switchboard"));
        Model.Clear();
        await Task.WhenAll(
            WatchAsync(cancellationToken), PollAsync(cancellationToken), FlushAsync(cancellationToken));
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        TimeSpan retry = LeastRetry;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using AsyncServerStreamingCall<WatchResponse> call =
                    door.Board.Watch(new() { Labels = labels.ToMessage() }, cancellationToken: cancellationToken);
                while (await call.ResponseStream.MoveNext(cancellationToken))
                {
                    retry = LeastRetry;
                    await TakeAsync(call.ResponseStream.Current, cancellationToken);
                }

                Picture.SetStatus(BoardJson.Status(isConnected: false, "the switchboard has gone"));
            }
            catch (RpcException e) when (!cancellationToken.IsCancellationRequested)
            {
                Picture.SetStatus(BoardJson.Status(isConnected: false, door.Explain(e)));
            }
            catch (Exception e) when (e is RpcException or OperationCanceledException)
            {
                return;
            }

            await DelayAsync(retry, cancellationToken);
            retry = retry * 2 < MostRetry ? retry * 2 : MostRetry;
        }
    }

    private async Task TakeAsync(WatchResponse told, CancellationToken cancellationToken)
    {
        bool hurry = false;
        foreach (Event happened in told.Events)
        {
            hurry |= Model.Apply(happened);
            if (happened.WhatCase == Event.WhatOneofCase.SnapshotEnded)
            {
                StatsResponse stats = await door.Board.StatsAsync(
                    new(), deadline: DateTime.UtcNow + CallLimit, cancellationToken: cancellationToken);
                Model.Remember(stats.LastRefusals);
                hurry = true;
                Picture.SetStatus(BoardJson.Status(isConnected: true, $"flower {stats.Version}, pid {stats.Pid}"));
            }
        }

        if (hurry)
        {
            _hurry.Writer.TryWrite(true);
        }
    }

    private async Task PollAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            long began = Stopwatch.GetTimestamp();
            try
            {
                await LookAsync(cancellationToken);
            }
            catch (Exception e) when (e is RpcException or OperationCanceledException)
            {
                // The watch meets the same, and says so.
            }

            // However many connections there are, most of the time nobody is busy with them.
            TimeSpan cost = Stopwatch.GetElapsedTime(began);
            await DelayAsync(TimeSpan.FromTicks(Math.Max(LeastPoll.Ticks, cost.Ticks * 4)), cancellationToken);
            using var due = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            due.CancelAfter(Poll);
            Task hurry = _hurry.Reader.WaitToReadAsync(due.Token).AsTask();
            await hurry.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _hurry.Reader.TryRead(out _);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        DateTime deadline = DateTime.UtcNow + CallLimit;
        using AsyncServerStreamingCall<ConnectionsResponse> call = door.Board.Connections(
            new() { Labels = labels.ToMessage() }, deadline: deadline, cancellationToken: cancellationToken);
        var told = new List<LiveConnection>();
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            told.AddRange(call.ResponseStream.Current.Connections);
        }

        Model.Update(told, SocketIndex.TryRead(
            [.. told.Select(BoardModel.IdentityOf)], withTcp: told.Exists(connection => connection.Kind != ConnectionKind.Pair)));
        Picture.SetStats(BoardJson.Stats(
            await door.Board.StatsAsync(new(), deadline: deadline, cancellationToken: cancellationToken)));
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await DelayAsync(LeastPoll, cancellationToken);
            Model.Flush();
        }
    }

    // Cancelled, it is merely shorter.
    private static async Task DelayAsync(TimeSpan time, CancellationToken cancellationToken) =>
        await Task.Delay(time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
