// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc;

namespace Flower.Client;

/// <summary>
/// The session of a handle, and the next one when the switchboard went away: the one place that knows which is current.
/// Owns it, its source, and the task that opens the next one. For any thread; never calls a session under its lock.
/// </summary>
/// <remarks>
/// Three states: there is a session; the switchboard is away and whoever needs it waits; the handle is of no more use,
/// for good. A session that the switchboard refused or ended with an objection is not opened again.
/// </remarks>
internal sealed class SessionKeeper : IAsyncDisposable
{
    private const int MaxLosses = 8;

    // A timer takes less than 2^32 ms.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    private readonly Lock _lock = new();
    private readonly SessionSource _source;
    private readonly HandleOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Backoff _backoff = new();
    private volatile Session? _current;
    private TaskCompletionSource<Session>? _next;
    private Task _reopening = Task.CompletedTask;
    private FlowerException? _end;
    private long _awaySince;
    private bool _isDisposed;

    public SessionKeeper(SessionSource source, Session first, HandleOptions options)
    {
        _source = source;
        _options = options;
        _current = first;
        first.Channel.OnEnd(loss => OnLost(first, loss));
    }

    /// <summary>The session; null while there is none.</summary>
    public Session? Current => _current;

    /// <summary>Completes, never faults, when the handle is of no more use.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Why it is of no more use; null while it is, and when it was disposed.</summary>
    public FlowerException? Failure
    {
        get
        {
            lock (_lock)
            {
                return _isDisposed ? null : _end;
            }
        }
    }

    /// <summary>The session, once there is one.</summary>
    /// <param name="limit">How long to wait at most; beyond that, as long as the handle may.</param>
    /// <param name="cancellationToken">Gives up at once.</param>
    /// <exception cref="FlowerException">The handle is of no more use, or the limit has passed.</exception>
    public ValueTask<Session> GetAsync(TimeLimit limit, CancellationToken cancellationToken) =>
        _current is { } session ? new(session) : new(WaitAsync(limit, cancellationToken));

    /// <summary>Another session is needed. Whoever sees the end first says so, so that nobody uses a dead one twice.</summary>
    public void OnLost(Session session, SessionLossException loss)
    {
        lock (_lock)
        {
            if (_current != session)
            {
                return;
            }

            _current = null;
            if (loss.Kind != SessionLoss.Gone)
            {
                End(Failures.FromLoss(loss));
            }
            else if (!_source.IsLasting || _options.Reconnect == TimeSpan.Zero)
            {
                End(_source.Gone(loss));
            }
            else
            {
                if (_awaySince == 0 || session.WasServed)
                {
                    _awaySince = Environment.TickCount64;
                    _backoff.Reset();
                }

                _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
                Task before = _reopening;
                _reopening = Task.Run(() => ReopenAsync(before));
            }
        }
    }

    /// <summary>
    /// Whether a call is made once more that failed on a session: only where nobody has answered it, and not so often
    /// that it may be the call itself which brings the switchboard down.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="failure">How it failed.</param>
    /// <param name="losses">How often it had failed in this way before.</param>
    public bool AllowsAnotherTry(Session session, Exception failure, int losses)
    {
        if (losses >= MaxLosses || Failures.LossOf(failure) is not { } loss || !Failures.MayTryAgain(failure))
        {
            return false;
        }

        if (loss.Kind == SessionLoss.Gone)
        {
            // The call may know it first, and would find the same session again.
            OnLost(session, loss);
        }

        return true;
    }

    /// <summary>Ends the session, and all waiting for another.</summary>
    public async ValueTask DisposeAsync()
    {
        Session? session;
        lock (_lock)
        {
            _isDisposed = true;
            session = _current;
            _current = null;
            End(Failures.Closed(null));
        }

        // The task before what it uses.
        await _stop.CancelAsync().ConfigureAwait(false);
        await _reopening.ConfigureAwait(false);
        if (session is not null)
        {
            await session.Channel.DisposeAsync().ConfigureAwait(false);
        }

        _source.Dispose();
    }

    private async Task<Session> WaitAsync(TimeLimit limit, CancellationToken cancellationToken)
    {
        Task<Session> next;
        lock (_lock)
        {
            if (_current is { } session)
            {
                return session;
            }

            if (_end is not null)
            {
                throw new FlowerException(_end.StatusCode, _end.Message, _end);
            }

            next = _next!.Task;
        }

        try
        {
            TimeSpan left = limit.Left is { } some && some < LongestTimer ? some : Timeout.InfiniteTimeSpan;
            return await next.WaitAsync(left, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw Failures.StillAway(e);
        }
    }

    // Never faults. One at a time: the one before has nothing more to do but to return.
    private async Task ReopenAsync(Task before)
    {
        await before.ConfigureAwait(false);
        try
        {
            await TryAsync().ConfigureAwait(false);
        }
        catch (FlowerException e)
        {
            EndNow(e);
        }
        catch (OperationCanceledException)
        {
            // Disposed, which has told everybody.
        }
        catch (Exception e)
        {
            EndNow(Failures.ObserverFailed(e));
        }
    }

    private async Task TryAsync()
    {
        bool isTold = false;
        while (HasTime)
        {
            await Task.Delay(Limited(_backoff.Next()), _stop.Token).ConfigureAwait(false);
            Session? session = _source.TryOpenAgain();
            if (!isTold)
            {
                // Only now, since a handle that cannot be opened again is not one to wait for.
                isTold = true;
                await TellAsync(HandleEvent.Lost, session).ConfigureAwait(false);
            }

            if (session is not null)
            {
                await TellAsync(HandleEvent.Back, session).ConfigureAwait(false);
                await TakeAsync(session).ConfigureAwait(false);
                return;
            }
        }

        throw _source.Gone(null);
    }

    // Also asked before the first try: a switchboard that lets sessions in and drops them is not back either.
    private bool HasTime => _options.Reconnect == Timeout.InfiniteTimeSpan || Left > TimeSpan.Zero;

    private TimeSpan Left => _options.Reconnect - TimeSpan.FromMilliseconds(Environment.TickCount64 - _awaySince);

    private TimeSpan Limited(TimeSpan wait)
    {
        TimeSpan left = Left;
        return _options.Reconnect == Timeout.InfiniteTimeSpan || wait < left
            ? wait
            : left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private async Task TellAsync(HandleEvent happened, Session? session)
    {
        try
        {
            _options.Observer?.Invoke(happened);
        }
        catch
        {
            if (session is not null)
            {
                await session.Channel.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    private async Task TakeAsync(Session session)
    {
        TaskCompletionSource<Session>? next;
        lock (_lock)
        {
            next = _end is null ? _next : null;
            if (next is not null)
            {
                _next = null;
                _current = session;
            }
        }

        if (next is null)
        {
            await session.Channel.DisposeAsync().ConfigureAwait(false);
            return;
        }

        // After it is current, since it may have ended already.
        next.SetResult(session);
        session.Channel.OnEnd(loss => OnLost(session, loss));
    }

    private void EndNow(FlowerException why)
    {
        lock (_lock)
        {
            End(why);
        }
    }

    // Under the lock: whoever waits goes on elsewhere.
    private void End(FlowerException why)
    {
        _end ??= why;
        if (_next is { } next)
        {
            next.TrySetException(_end);

            // Observed here, since nobody may be waiting.
            _ = next.Task.Exception;
        }

        _closed.TrySetResult();
    }
}
