// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Relay;
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Tap;

/// <summary>
/// Relays tapped connections until it is stopped, or cannot write any more, or there were as many as were asked for; and then
/// those that it has, until they end or the time to drain is over. Borrows everything.
/// </summary>
internal sealed class TapRun(Client.Tap tap, Recorder recorder, StopSignals signals, TimeSpan drain)
{
    private readonly HashSet<Task> _open = [];
    private readonly CancellationTokenSource _over = new();
    private long _count;

    /// <summary>How many connections it has tapped.</summary>
    public long Count => _count;

    /// <summary>Runs it.</summary>
    /// <exception cref="FlowerException">The switchboard ended it.</exception>
    /// <exception cref="ToolException">Nothing can be written any more.</exception>
    public async Task RunAsync()
    {
        using CancellationTokenSource over = _over;

        // One thread, so that what is written is in the order in which it was seen.
        using var relays = new Relays(threads: 1);
        Task stopping = StopAsync();
        try
        {
            await foreach (TappedConnection connection in tap)
            {
                _count++;
                Relay(relays, connection);
            }
        }
        finally
        {
            // Also where the switchboard has gone: what is tapped is between its two sides and this process.
            await DrainAsync();
            _over.Cancel();
            await stopping;
        }

        if (recorder.Failed.IsCompleted && await recorder.Failed is { IsUnread: false } failure)
        {
            throw new ToolException(ExitCodes.Failed, $"cannot write: {failure.Message}", failure);
        }
    }

    private async Task StopAsync()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration over = _over.Token.UnsafeRegister(
            static done => ((TaskCompletionSource)done!).TrySetResult(), done);
        Task first = await Task.WhenAny(signals.Stopping, recorder.Failed, done.Task);
        if (first == recorder.Failed && OpenCount() > 0)
        {
            Tool.Say("flower tap", "nothing is written any more; the connections that are tapped go on until they end");
        }

        await tap.StopAsync();
    }

    private void Relay(Relays relays, TappedConnection connection)
    {
        IRelayObserver observer = recorder.Begin(new SeenConnection(connection));
        (Descriptor client, Descriptor target) = connection.TakeSockets();
        Task relay;
        try
        {
            relay = relays.RunAsync(client, target, observer, _over.Token);
        }
        catch (FlowerSocketException)
        {
            observer.Closed(isReset: true, default);
            return;
        }

        lock (_open)
        {
            _open.Add(relay);
        }

        relay.ContinueWith(
            ended =>
            {
                _ = ended.Exception;
                lock (_open)
                {
                    _open.Remove(ended);
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private int OpenCount()
    {
        lock (_open)
        {
            return _open.Count;
        }
    }

    // A signal begins the time: what ends by -c, or with the switchboard, has no limit.
    private async Task DrainAsync()
    {
        Task[] open;
        lock (_open)
        {
            open = [.. _open];
        }

        Task all = Task.WhenAll(open);
        _ = all.ContinueWith(
            static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        if (await Task.WhenAny(all, signals.Stopping) == all)
        {
            return;
        }

        Tool.Say("flower tap", $"{OpenCount()} connections are still tapped: waiting {drain.TotalSeconds:0.###}s for their end");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(signals.End);
        limit.CancelAfter(drain);
        await Task.WhenAny(all, Task.Delay(Timeout.Infinite, limit.Token));
    }
}
