// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Transport;

/// <summary>
/// One time limit for many waits that begin one after another and mostly end before it: as all have the same limit, they
/// expire in the order in which they began, and one timer serves them all. On the loop.
/// </summary>
/// <param name="loop">Whose timer it is.</param>
/// <param name="limit">How long each wait may last.</param>
public sealed class DeadlineQueue(EventLoop loop, TimeSpan limit)
{
    private readonly LinkedList<Wait> _waits = new();
    private bool _armed;

    /// <summary>How long each wait may last.</summary>
    public TimeSpan Limit { get; } = limit;

    /// <summary>Milliseconds of the clock by which it goes.</summary>
    public long Now => loop.Now;

    /// <summary>Another queue on the same loop.</summary>
    public DeadlineQueue With(TimeSpan otherLimit) => new(loop, otherLimit);

    /// <summary>Begins a wait. Dispose it when it has ended by itself.</summary>
    /// <param name="expired">Called once, when the limit has passed.</param>
    public IDisposable Begin(Action expired)
    {
        var wait = new Wait(this, loop.Now + (long)Math.Ceiling(Limit.TotalMilliseconds), expired);
        _waits.AddLast(wait.Node);
        Arm();
        return wait;
    }

    private void Arm()
    {
        if (!_armed && _waits.First is { } first)
        {
            _armed = true;
            loop.After(TimeSpan.FromMilliseconds(first.Value.Due - loop.Now), OnTimer);
        }
    }

    private void OnTimer()
    {
        _armed = false;
        while (_waits.First is { } first && first.Value.Due <= loop.Now)
        {
            _waits.RemoveFirst();
            first.Value.Expired();
        }

        Arm();
    }

    private sealed class Wait : IDisposable
    {
        private readonly DeadlineQueue _queue;

        public Wait(DeadlineQueue queue, long due, Action expired)
        {
            _queue = queue;
            Due = due;
            Expired = expired;
            Node = new LinkedListNode<Wait>(this);
        }

        public long Due { get; }

        public Action Expired { get; }

        public LinkedListNode<Wait> Node { get; }

        public void Dispose()
        {
            if (Node.List is not null)
            {
                _queue._waits.Remove(Node);
            }
        }
    }
}
