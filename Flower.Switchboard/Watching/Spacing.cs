// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Transport;

namespace Flower.Switchboard.Watching;

/// <summary>
/// What may happen as often as somebody likes is told at intervals: at once where it was not for a while, and of what follows
/// the last, when the interval is over. Nothing is kept of what rests. On the loop.
/// </summary>
/// <param name="intervals">How long nothing more is told.</param>
internal sealed class Spacing<TKey>(DeadlineQueue intervals)
    where TKey : class
{
    private readonly Dictionary<TKey, Interval> _running = new(ReferenceEqualityComparer.Instance);

    /// <summary>Something has happened to somebody.</summary>
    /// <param name="who">To whom: each has intervals of his own.</param>
    /// <param name="tell">Tells of it, as it is then; it is given how many before it were left out.</param>
    public void Happened(TKey who, Action<ulong> tell)
    {
        if (_running.TryGetValue(who, out Interval? interval))
        {
            interval.LeftOut += interval.Last is null ? 0u : 1u;
            interval.Last = tell;
            return;
        }

        _running.Add(who, interval = new());
        Begin(who, interval);
        tell(0);
    }

    /// <summary>Tells now what is still to be told.</summary>
    public void Flush()
    {
        foreach (Interval interval in _running.Values.ToArray())
        {
            interval.Tell();
        }
    }

    /// <summary>He is no more: nothing is told of him any more.</summary>
    public void Forget(TKey who)
    {
        if (_running.Remove(who, out Interval? interval))
        {
            interval.Timer?.Dispose();
        }
    }

    private void Begin(TKey who, Interval interval) => interval.Timer = intervals.Begin(() =>
    {
        if (interval.Last is null)
        {
            _running.Remove(who);
            return;
        }

        Begin(who, interval);
        interval.Tell();
    });

    private sealed class Interval
    {
        public IDisposable? Timer { get; set; }

        public Action<ulong>? Last { get; set; }

        public ulong LeftOut { get; set; }

        public void Tell()
        {
            (Action<ulong>? last, ulong leftOut) = (Last, LeftOut);
            (Last, LeftOut) = (null, 0);
            last?.Invoke(leftOut);
        }
    }
}
