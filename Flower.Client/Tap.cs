// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Client;

/// <summary>
/// New connections that match, each to relay by whoever enumerates them: see <see cref="TappedConnection"/>. Enumerated by one
/// reader; the rest is for any thread. When the switchboard goes away and comes back, it taps again by itself, and the
/// enumeration goes on. Connections that it has brought are their own, and live on without it.
/// </summary>
public sealed class Tap : IAsyncEnumerable<TappedConnection>, IAsyncDisposable
{
    private const int MaxCredit = 64;

    private readonly SessionKeeper _keeper;
    private readonly Protocol.V1.Labels _labels;
    private readonly int _credit;
    private readonly long? _most;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private AsyncDuplexStreamingCall<TapStartRequest, TapStartResponse> _call = null!;
    private Session _session = null!;
    private long _granted;
    private long _brought;
    private ulong _missedBefore;
    private ulong _missed;
    private bool _isCompleted;

    private Tap(SessionKeeper keeper, Protocol.V1.Labels labels, TapOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Credit, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Credit, MaxCredit, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Most ?? 1, 1, nameof(options));
        _keeper = keeper;
        _labels = labels;
        _credit = options.Credit;
        _most = options.Most;
    }

    /// <summary>
    /// How many connections were made untapped since it began, as far as it was told: those that came faster than they were
    /// enumerated.
    /// </summary>
    public ulong Missed => Volatile.Read(ref _missedBefore) + Volatile.Read(ref _missed);

    /// <summary>The connections, until <see cref="StopAsync"/>, or until there are as many as were asked for.</summary>
    /// <exception cref="FlowerException">The switchboard ended it, or stayed away for longer than the handle waits.</exception>
    public async IAsyncEnumerator<TappedConnection> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (await ReadAsync(cancellationToken).ConfigureAwait(false) is { } response)
        {
            if (response.KindCase == TapStartResponse.KindOneofCase.Missed)
            {
                Volatile.Write(ref _missed, response.Missed);
            }
            else if (response.Connection is { } told)
            {
                _brought++;
                TappedConnection connection = TappedConnection.From(told) ?? throw Failures.Lost();
                if (_brought == _most)
                {
                    await StopAsync().ConfigureAwait(false);
                }
                else
                {
                    await GrantAsync().ConfigureAwait(false);
                }

                yield return connection;
            }
        }
    }

    /// <summary>Taps nothing new. The enumeration brings what is tapped already, and ends.</summary>
    public async Task StopAsync()
    {
        // Whoever waits for the switchboard waits no more.
        await _stop.CancelAsync().ConfigureAwait(false);
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!_isCompleted)
            {
                _isCompleted = true;
                await _call.RequestStream.CompleteAsync().ConfigureAwait(false);
            }
        }
        catch (Exception e) when (Failures.Known(e) || e is InvalidOperationException)
        {
            // It has ended by itself, which the reader notices.
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Taps no more. What was not enumerated ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _call.Dispose();
    }

    internal static async Task<Tap> StartAsync(
        SessionKeeper keeper, Protocol.V1.Labels labels, TapOptions options, CancellationToken cancellationToken)
    {
        var tap = new Tap(keeper, labels, options);
        await tap.OpenAsync(cancellationToken).ConfigureAwait(false);
        return tap;
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        for (int losses = 0; ; losses++)
        {
            _session = await _keeper.GetAsync(default, cancellationToken).ConfigureAwait(false);
            _call = _session.Pooled.TapStart(cancellationToken: CancellationToken.None);
            using CancellationTokenRegistration giveUp = cancellationToken.UnsafeRegister(
                static call => ((AsyncDuplexStreamingCall<TapStartRequest, TapStartResponse>)call!).Dispose(), _call);
            try
            {
                long credit = Math.Min(_credit, (_most - _brought) ?? long.MaxValue);
                _granted = _brought + credit;
                await _call.RequestStream.WriteAsync(
                    new() { Start = new TapStart { Labels = _labels, Credit = (uint)credit } }, CancellationToken.None)
                    .ConfigureAwait(false);
                if (await _call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false)
                    && _call.ResponseStream.Current.Started is not null)
                {
                    return;
                }

                throw Failures.Broken("tap");
            }
            catch (Exception e)
            {
                _call.Dispose();
                cancellationToken.ThrowIfCancellationRequested();
                if (!Failures.Known(e))
                {
                    throw;
                }

                if (!_keeper.AllowsAnotherTry(_session, e, losses))
                {
                    throw Failures.FromCall(e, cancellationToken);
                }
            }
        }
    }

    // Null: it has ended in order.
    private async Task<TapStartResponse?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await _call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false)
                    ? _call.ResponseStream.Current
                    : null;
            }
            catch (Exception e) when (Failures.Known(e))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_stop.IsCancellationRequested)
                {
                    return null;
                }

                if (!_keeper.AllowsAnotherTry(_session, e, losses: 0))
                {
                    throw Failures.FromCall(e, cancellationToken);
                }
            }

            try
            {
                await ReopenAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return null;
            }
        }
    }

    private async Task ReopenAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        await _writing.WaitAsync(either.Token).ConfigureAwait(false);
        try
        {
            _call.Dispose();
            Volatile.Write(ref _missedBefore, Missed);
            Volatile.Write(ref _missed, 0);
            await OpenAsync(either.Token).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task GrantAsync()
    {
        if (_granted == _most)
        {
            return;
        }

        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            if (!_isCompleted)
            {
                _granted++;
                await _call.RequestStream.WriteAsync(new() { Credit = 1 }, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (Failures.Known(e) || e is InvalidOperationException)
        {
            // The reader notices it.
        }
        finally
        {
            _writing.Release();
        }
    }
}
