// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Cat;

/// <summary>
/// Acts once when nothing has moved for a time. For any thread; after <see cref="Dispose"/> it does not act any more.
/// </summary>
internal sealed class IdleTimer : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TimeSpan _limit;
    private readonly Action _expired;
    private readonly Timer? _timer;
    private long _lastMs = Environment.TickCount64;
    private bool _isDisposed;

    /// <summary>Starts.</summary>
    /// <param name="limit">How long nothing may move; zero: without end.</param>
    /// <param name="expired">What to do then; short, and called under a lock.</param>
    public IdleTimer(TimeSpan limit, Action expired)
    {
        _limit = limit;
        _expired = expired;
        if (limit > TimeSpan.Zero)
        {
            _timer = new Timer(static state => ((IdleTimer)state!).Check(), this, limit, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Something has moved.</summary>
    public void Touch() => Volatile.Write(ref _lastMs, Environment.TickCount64);

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _timer?.Dispose();
        }
    }

    private void Check()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            var idle = TimeSpan.FromMilliseconds(Environment.TickCount64 - Volatile.Read(ref _lastMs));
            if (idle >= _limit)
            {
                _expired();
            }
            else
            {
                _timer!.Change(_limit - idle, Timeout.InfiniteTimeSpan);
            }
        }
    }
}
