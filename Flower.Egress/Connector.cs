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
/// <param name="dialer">Makes the connections.</param>
/// <param name="destinations">Where to.</param>
/// <param name="proxy">Which labels a PROXY header has; null: none is sent.</param>
/// <param name="maxAtOnce">How many are made at once, of which the clients of one user have three quarters at most.</param>
/// <param name="isRelay">Whether clients have a socket that leads to this process, and not the one of the network.</param>
internal sealed class Connector(
    Dialer dialer, Destinations destinations, ProxyLabels? proxy, int maxAtOnce, bool isRelay) : IDisposable
{
    private const string Name = "flower egress";
    private const string Stopping = "the egress is stopping";
    private const string ClientUser = "flower.client_uid";
    private const int MaxWaiting = 1024;

    private const ConfigureAwaitOptions Quietly =
        ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext;

    private readonly Turns<string, EgressRequest> _turns = new(maxAtOnce, MaxWaiting);
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _drained = new();
    private Relaying? _relaying;
    private TaskCompletionSource? _idle;
    private int _refusing;
    private bool _isTaking;
    private bool _isStopping;

    private int Going => _turns.Running + _refusing + (_relaying?.Count ?? 0);

    /// <summary>
    /// Answers until the first signal; then refuses what comes, and lets finish what goes on, at most for so long or
    /// until the second signal.
    /// </summary>
    /// <exception cref="FlowerException">The registration ended.</exception>
    public async Task RunAsync(Client.Egress egress, StopSignals signals, TimeSpan drain)
    {
        if (isRelay)
        {
            _relaying = new(_end.Token);
            _relaying.Idle += OnOver;
        }

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
        _idle = new();
        OnOver();
        await _idle.Task;
        if (!wasTold)
        {
            await answering;
        }
    }

    public void Dispose()
    {
        _relaying?.Dispose();
        _end.Dispose();
    }

    private async Task AnswerAllAsync(Client.Egress egress)
    {
        await foreach (EgressRequest request in egress.WithCancellation(_end.Token))
        {
            if (_isStopping)
            {
                _ = RefuseAsync(request);
            }
            else if (_turns.TryAdd(request.Labels[ClientUser] ?? "", request))
            {
                TakeTurns();
            }
            else
            {
                // It says that it is busy, and whoever has another egress tries that.
                await request.DisposeAsync();
            }
        }
    }

    private void TakeTurns()
    {
        if (_isTaking)
        {
            // One that was answered at once: who called it goes on.
            return;
        }

        _isTaking = true;
        while (_turns.TryTake(out string client, out EgressRequest request))
        {
            // Owned by the place that it frees: all are awaited at the end.
            _ = AnswerAsync(client, request);
        }

        _isTaking = false;
    }

    private async Task DrainAsync(Task answering, TimeSpan limit, CancellationToken end)
    {
        _isStopping = true;
        foreach (EgressRequest request in _turns.Clear())
        {
            _ = RefuseAsync(request);
        }

        if (Going > 0)
        {
            Tool.Say(Name, $"stopping; connections that are still being made: {_turns.Running}"
                + (isRelay ? $", or relayed: {_relaying!.Count}" : ""));
            Task over = Task.WhenAny(answering, _drained.Task);
            await over.WaitAsync(limit, end).ConfigureAwait(Quietly);
        }
    }

    private void OnOver()
    {
        if (Going == 0)
        {
            if (_isStopping)
            {
                _drained.TrySetResult();
            }

            _idle?.TrySetResult();
        }
    }

    // Never faults.
    private async Task AnswerAsync(string client, EgressRequest request)
    {
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
            _turns.Return(client);
            TakeTurns();
            OnOver();
        }
    }

    private async Task ConnectAsync(EgressRequest request)
    {
        using DialTarget target = destinations.Open(request.Labels);
        using var given = CancellationTokenSource.CreateLinkedTokenSource(request.Cancelled, _end.Token);
        byte[] preface = proxy is null ? [] : ProxyPreface.Of(request.Labels, proxy);
        Descriptor socket = await dialer.ConnectAsync(target, preface, given.Token);
        if (_relaying is not null)
        {
            // If nobody takes it any more, that ends the relay.
            socket = _relaying.Begin(socket, target.ToString());
        }

        await request.ConnectedDescriptorAsync(socket, _end.Token);
        Tool.Say(Name, $"connected to {target}");
    }

    // Never faults.
    private async Task RefuseAsync(EgressRequest request)
    {
        _refusing++;
        await TryFailAsync(request, Stopping);
        _refusing--;
        OnOver();
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
