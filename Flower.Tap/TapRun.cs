// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Relay;
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Tap;

/// <summary>
/// Relays tapped connections until it is stopped, or cannot write any more, or there were as many as were asked for; and then
/// those that it has, until they end or the time to drain is over. Whoever taps no longer has the right when the handle is
/// revoked: then all of them end at once. Borrows everything.
/// </summary>
/// <param name="handle">Over which it taps.</param>
/// <param name="tap">What it taps.</param>
/// <param name="recorder">Where that is written down.</param>
/// <param name="signals">Stop it.</param>
/// <param name="over">Cancelled when what it relays is to end, and by the second signal.</param>
/// <param name="drain">How long after the first signal.</param>
internal sealed class TapRun(
    Handle handle, Client.Tap tap, Recorder recorder, StopSignals signals, CancellationTokenSource over, TimeSpan drain)
{
    private readonly HashSet<Task> _open = [];
    private long _count;

    /// <summary>How many connections it has tapped.</summary>
    public long Count => _count;

    /// <summary>Runs it.</summary>
    /// <exception cref="FlowerException">The switchboard ended it, or took the handle back.</exception>
    /// <exception cref="ToolException">Nothing can be written any more.</exception>
    public async Task RunAsync()
    {
        // One thread, so that what is written is in the order in which it was seen.
        using var relays = new Relays(threads: 1);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task stopping = StopAsync(done.Task);
        Task watching = EndIfRevokedAsync(done.Task);
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
            done.SetResult();
            over.Cancel();
            await stopping;
            await watching;
        }

        if (Revoked is { } revoked)
        {
            throw revoked;
        }

        if (recorder.Failed.IsCompleted && await recorder.Failed is { IsUnread: false } failure)
        {
            throw new ToolException(ExitCodes.Failed, $"cannot write: {failure.Message}", failure);
        }
    }

    private FlowerException? Revoked =>
        handle.Failure is { StatusCode: Grpc.Core.StatusCode.PermissionDenied } revoked ? revoked : null;

    private async Task EndIfRevokedAsync(Task done)
    {
        await Task.WhenAny(handle.Closed, done);
        if (Revoked is not null)
        {
            over.Cancel();
        }
    }

    private async Task StopAsync(Task done)
    {
        Task first = await Task.WhenAny(signals.Stopping, recorder.Failed, done);
        if (first == signals.Stopping)
        {
            // From here on, since nobody may read what is written, which holds up what comes below.
            over.CancelAfter(drain);
        }

        if (first == recorder.Failed && OpenCount() > 0)
        {
            Tool.Say("flower tap", "nothing is written any more; the connections that are tapped go on until they end");
        }

        await tap.StopAsync();
    }

    private void Relay(Relays relays, TappedConnection connection)
    {
        IRelayObserver observer = recorder.Begin(new TapEntry(connection));
        (Descriptor client, Descriptor target) = connection.TakeSockets();
        Task relay;
        try
        {
            relay = relays.RunAsync(client, target, observer, over.Token);
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

        if (!over.IsCancellationRequested)
        {
            Tool.Say(
                "flower tap",
                $"{Plural.Of(OpenCount(), "connection is", "connections are")} still tapped: waiting {drain.TotalSeconds:0.###}s "
                + "for the end");
            over.CancelAfter(drain);
            await Task.WhenAny(all, Task.Delay(Timeout.Infinite, over.Token));
        }
    }
}
