// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Egress.Dialing;
using Flower.ProxyProtocol;
using Flower.Rpc.Interop;

namespace Flower.Egress;

/// <summary>
/// Answers the requests of an egress, many at once, until it is told to stop or the registration ends. Runs on the loop
/// of its dialer, and nowhere else.
/// </summary>
internal sealed class Connector(
    Dialer dialer, Destinations destinations, ProxyLabels? proxy, int maxAtOnce) : IDisposable
{
    private const string Name = "flower egress";
    private const string Stopping = "the egress is stopping";

    private const ConfigureAwaitOptions Quietly =
        ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext;

    private readonly SemaphoreSlim _slots = new(maxAtOnce, maxAtOnce);
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _drained = new();
    private int _pending;
    private bool _isStopping;

    /// <summary>
    /// Answers until the first signal; then refuses what comes, and lets finish what goes on, at most for so long or
    /// until the second signal.
    /// </summary>
    /// <exception cref="FlowerException">The registration ended.</exception>
    public async Task RunAsync(Client.Egress egress, StopSignals signals, TimeSpan drain)
    {
        Task answering = AnswerAllAsync(egress);
        await Task.WhenAny(answering, signals.Stopping);
        if (!answering.IsCompleted)
        {
            await DrainAsync(answering, drain, signals.End);
        }

        // The attempts first, then those who wait for them.
        bool wasTold = !answering.IsCompleted;
        await _end.CancelAsync();
        await answering.ConfigureAwait(Quietly);
        for (int i = 0; i < maxAtOnce; i++)
        {
            await _slots.WaitAsync(CancellationToken.None);
        }

        if (!wasTold)
        {
            await answering;
        }
    }

    public void Dispose()
    {
        _slots.Dispose();
        _end.Dispose();
    }

    private async Task AnswerAllAsync(Client.Egress egress)
    {
        await foreach (EgressRequest request in egress.WithCancellation(_end.Token))
        {
            await _slots.WaitAsync(_end.Token);

            // Owned by the slot that it frees: all slots are awaited at the end.
            _ = _isStopping ? RefuseAsync(request) : AnswerAsync(request);
        }
    }

    private async Task DrainAsync(Task answering, TimeSpan limit, CancellationToken end)
    {
        _isStopping = true;
        if (_pending > 0)
        {
            Tool.Say(Name, $"stopping; connections that are still being made: {_pending}");
            Task over = Task.WhenAny(answering, _drained.Task);
            await over.WaitAsync(limit, end).ConfigureAwait(Quietly);
        }
    }

    // Never faults.
    private async Task AnswerAsync(EgressRequest request)
    {
        _pending++;
        try
        {
            await ConnectAsync(request);
        }
        catch (DialException e)
        {
            Tool.Say(Name, e.Message);
            await TryFailAsync(request, e.Message);
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            await TryFailAsync(request, Stopping);
        }
        catch (Exception e) when (e is FlowerException or OperationCanceledException)
        {
            // The client or the switchboard has gone; the socket is closed.
            Tool.Say(Name, $"nobody takes the connection any more: {e.Message}");
        }
        finally
        {
            _slots.Release();
            if (--_pending == 0 && _isStopping)
            {
                _drained.TrySetResult();
            }
        }
    }

    private async Task ConnectAsync(EgressRequest request)
    {
        using DialTarget target = destinations.Open(request.Labels);
        using var given = CancellationTokenSource.CreateLinkedTokenSource(request.Cancelled, _end.Token);
        byte[] preface = proxy is null ? [] : ProxyPreface.Of(request.Labels, proxy);
        Descriptor socket = await dialer.ConnectAsync(target, preface, given.Token);
        await request.ConnectedDescriptorAsync(socket, _end.Token);
        Tool.Say(Name, $"connected to {target}");
    }

    // Never faults.
    private async Task RefuseAsync(EgressRequest request)
    {
        await TryFailAsync(request, Stopping);
        _slots.Release();
    }

    private static async Task TryFailAsync(EgressRequest request, string reason)
    {
        try
        {
            await request.FailAsync(reason, CancellationToken.None);
        }
        catch (FlowerException)
        {
            // The registration has ended, which fails it as well.
        }
    }
}
