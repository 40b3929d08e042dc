// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Transport;

/// <summary>The timers of a loop. For its thread alone.</summary>
internal sealed class LoopTimers
{
    private const int MinDisposed = 256;

    private readonly PriorityQueue<LoopTimer, long> _queue = new();
    private int _disposed;

    /// <summary>How many there are, with those that were disposed and are still kept.</summary>
    public int Count => _queue.Count;

    /// <summary>Hands the action out once it is due. When the timer is disposed, the action is let go at once.</summary>
    /// <param name="now">Milliseconds of a monotonic clock, as for the others.</param>
    /// <param name="delay">After how long it is due; at least a millisecond.</param>
    /// <param name="action">What is due then.</param>
    public IDisposable Add(long now, TimeSpan delay, Action action)
    {
        var timer = new LoopTimer(this, action);
        _queue.Enqueue(timer, now + Math.Max(1, (long)Math.Ceiling(delay.TotalMilliseconds)));
        return timer;
    }

    /// <summary>The next action that is due by <paramref name="now"/>, or null.</summary>
    public Action? TakeDue(long now)
    {
        while (_queue.TryPeek(out LoopTimer? timer, out long due) && (timer.IsDisposed || due <= now))
        {
            if (Dequeue() is { } action)
            {
                return action;
            }
        }

        return null;
    }

    /// <summary>Milliseconds from <paramref name="now"/> until an action is due; -1 if there is none.</summary>
    public int MillisecondsToNext(long now)
    {
        while (_queue.TryPeek(out LoopTimer? timer, out long due))
        {
            if (!timer.IsDisposed)
            {
                return (int)Math.Clamp(due - now, 0, int.MaxValue);
            }

            Dequeue();
        }

        return -1;
    }

    private Action? Dequeue()
    {
        LoopTimer timer = _queue.Dequeue();
        _disposed -= timer.IsDisposed ? 1 : 0;
        return timer.Take();
    }

    // Whoever asks for far deadlines and ends what has them would fill the queue otherwise. When half of it is left over, so that
    // a timer costs the same however many there are.
    private void OnDisposed()
    {
        if (++_disposed < Math.Max(MinDisposed, _queue.Count / 2))
        {
            return;
        }

        (LoopTimer Timer, long Due)[] left = [.. _queue.UnorderedItems.Where(t => !t.Element.IsDisposed)];
        _queue.Clear();
        _queue.EnqueueRange(left);
        _queue.TrimExcess();
        _disposed = 0;
    }

    // Disposed, while it is queued: without an action.
    private sealed class LoopTimer(LoopTimers timers, Action action) : IDisposable
    {
        private Action? _action = action;

        public bool IsDisposed => _action is null;

        public Action? Take()
        {
            Action? action = _action;
            _action = null;
            return action;
        }

        public void Dispose()
        {
            if (Take() is not null)
            {
                timers.OnDisposed();
            }
        }
    }
}
