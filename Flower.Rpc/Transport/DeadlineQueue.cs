// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Transport;

/// <summary>
/// One time limit for many waits that begin one after another and mostly end before it: as all have the same limit, they
/// expire in the order in which they began, and one timer serves them all. On the loop.
/// </summary>
public sealed class DeadlineQueue
{
    private readonly EventLoop _loop;

    // A ring: after it the wait that began first, before it the last one.
    private readonly Wait _ends;
    private readonly Action _onTimer;
    private bool _armed;

    /// <param name="loop">Whose timer it is.</param>
    /// <param name="limit">How long each wait may last.</param>
    public DeadlineQueue(EventLoop loop, TimeSpan limit)
    {
        _loop = loop;
        _ends = Wait.Ring();
        _onTimer = OnTimer;
        Limit = limit;
    }

    /// <summary>How long each wait may last.</summary>
    public TimeSpan Limit { get; }

    /// <summary>Milliseconds of the clock by which it goes.</summary>
    public long Now => _loop.Now;

    /// <summary>Another queue on the same loop.</summary>
    public DeadlineQueue With(TimeSpan otherLimit) => new(_loop, otherLimit);

    /// <summary>Begins a wait. Dispose it when it has ended by itself.</summary>
    /// <param name="expired">Called once, when the limit has passed.</param>
    public IDisposable Begin(Action expired) => Begin(static action => ((Action)action)(), expired);

    /// <summary>Begins a wait. Dispose it when it has ended by itself.</summary>
    /// <param name="expired">Called once, when the limit has passed.</param>
    /// <param name="state">With this.</param>
    public IDisposable Begin(Action<object> expired, object state)
    {
        var wait = new Wait(_loop.Now + (long)Math.Ceiling(Limit.TotalMilliseconds), expired, state);
        wait.InsertBefore(_ends);
        Arm();
        return wait;
    }

    private void Arm()
    {
        if (!_armed && _ends.Next != _ends)
        {
            _armed = true;
            _loop.After(TimeSpan.FromMilliseconds(_ends.Next.Due - _loop.Now), _onTimer);
        }
    }

    private void OnTimer()
    {
        _armed = false;
        while (_ends.Next != _ends && _ends.Next.Due <= _loop.Now)
        {
            Wait first = _ends.Next;
            first.Dispose();
            first.Expire();
        }

        Arm();
    }

    private sealed class Wait(long due, Action<object>? expired, object? state) : IDisposable
    {
        private Wait? _before;
        private Wait? _next;

        public long Due { get; } = due;

        public Wait Next => _next!;

        public static Wait Ring()
        {
            var ring = new Wait(long.MaxValue, null, null);
            ring._before = ring;
            ring._next = ring;
            return ring;
        }

        public void InsertBefore(Wait other)
        {
            _before = other._before!;
            _next = other;
            _before._next = this;
            other._before = this;
        }

        public void Expire() => expired!(state!);

        // It may be disposed of again.
        public void Dispose()
        {
            if (_next is not null)
            {
                _before!._next = _next;
                _next._before = _before;
                _before = null;
                _next = null;
            }
        }
    }
}
