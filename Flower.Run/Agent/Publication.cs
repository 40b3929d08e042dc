// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Client;
using Flower.ProxyProtocol;
using Flower.Relay;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Run.Agent;

/// <summary>
/// One port of the box on the board: registered while a program listens there, and not otherwise. For the loop's thread
/// alone.
/// </summary>
internal sealed class Publication(
    EventLoop loop, PublishedPort published, bool sendProxy, bool hasIPv6, BoardHandle board, Relays relays)
{
    // How late a listener is found, and that it has gone; in between, connecting to it is refused.
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan QuickFor = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    // Where a program listened when it was last looked for.
    private IPEndPoint? _listening;

    /// <summary>Runs until it is cancelled; connections go on then.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        TimeSpan retry = FirstRetry;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await UntilAsync(isListening: true, cancellationToken);
                Handle handle = await board.GetAsync(cancellationToken);
                await using Listener listener = await handle.ListenAsync(
                    published.Labels, cancellationToken: cancellationToken);
                AgentLog.Say($"port {published.Port} is on the board: {listener.Labels}");
                retry = FirstRetry;
                await ServeAsync(listener, cancellationToken);
                AgentLog.Say($"nobody listens on port {published.Port} any more");
            }
            catch (Exception e) when (e is FlowerException or IOException)
            {
                // Also when no descriptor is left to look who listens.
                AgentLog.Say($"port {published.Port} is not on the board: {e.Message}");
                await DelayAsync(retry, cancellationToken);
                retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
            }
            catch (OperationCanceledException)
            {
                // The box has ended.
            }
        }
    }

    // The loop's own timer, so that the wait goes on there.
    private async Task DelayAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        var over = new TaskCompletionSource();
        using IDisposable timer = loop.After(time, () => over.TrySetResult());
        await over.Task.WaitAsync(cancellationToken).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private async Task UntilAsync(bool isListening, CancellationToken cancellationToken)
    {
        long began = Environment.TickCount64;
        while (true)
        {
            _listening = ListeningPorts.Find(published.Port, hasIPv6);
            if (_listening is not null == isListening)
            {
                return;
            }

            bool isNew = isListening && Environment.TickCount64 - began < QuickFor.TotalMilliseconds;
            await DelayAsync(isNew ? Quick : Slow, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task ServeAsync(Listener listener, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task gone = StopWhenGoneAsync(stop);
        try
        {
            await foreach (IncomingConnection incoming in listener.WithCancellation(stop.Token))
            {
                // Owned by the relays from then on.
                _ = TakeAsync(listener, incoming);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nobody listens.
        }
        finally
        {
            await stop.CancelAsync();
            await gone;
        }
    }

    private async Task StopWhenGoneAsync(CancellationTokenSource stop)
    {
        try
        {
            await UntilAsync(isListening: false, stop.Token);
            await stop.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // Stopped for another reason.
        }
    }

    // Never faults.
    private async Task TakeAsync(Listener listener, IncomingConnection incoming)
    {
        try
        {
            Descriptor? program = await TryConnectAsync(incoming);
            if (program is null)
            {
                return;
            }

            Connection connection;
            try
            {
                connection = await incoming.AcceptAsync();
            }
            catch
            {
                program.Dispose();
                throw;
            }

            using IDisposable open = listener.CountConnection();
            await relays.RunAsync(program, connection.TakeDescriptor(), CancellationToken.None);
        }
        catch (Exception e) when (
            e is FlowerException or FlowerSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has gone, or the box has ended.
        }
    }

    // Before the connection is accepted, so that a client who cannot be served is told.
    private async Task<Descriptor?> TryConnectAsync(IncomingConnection incoming)
    {
        if (_listening is not { } endPoint)
        {
            await incoming.RejectAsync($"nobody listens on port {published.Port} in the box", overloaded: true);
            return null;
        }

        try
        {
            byte[] preface = sendProxy ? ProxyPreface.Of(incoming.Labels, ProxyLabels.All) : [];
            return await LocalConnector.ConnectAsync(loop, endPoint, preface);
        }
        catch (FlowerSocketException e)
        {
            AgentLog.Say($"a connection to port {published.Port} failed: {e.Message}");
            await incoming.RejectAsync($"port {published.Port} of the box does not answer: {e.Name}", overloaded: true);
            return null;
        }
    }
}
