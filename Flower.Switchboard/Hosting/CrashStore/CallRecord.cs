// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.State;

namespace Flower.Switchboard.Hosting.CrashStore;

/// <summary>
/// A call that is kept, and when it is written: some times at once, and from then on as often as its peer could wish and the
/// journal can bear. Whatever came between two records, the later one is of the last. On the loop.
/// </summary>
/// <param name="state">As it is kept at first.</param>
internal sealed class CallRecord(CallState state)
{
    private const int AtOnce = 8;
    private const int IntervalMs = 100;

    // When the next record would be due if none were written at once.
    private long _next;
    private bool _waits;

    /// <summary>As it is kept now.</summary>
    public CallState State { get; private set; } = state;

    /// <summary>It is kept anew. False: there is nothing new, or the record that waits will have it.</summary>
    public bool Renew(CallState newer)
    {
        bool isNew = !State.Equals(newer);
        State = newer;
        return isNew && !_waits;
    }

    /// <summary>How long to wait before it is written; zero: not at all.</summary>
    /// <param name="now">Milliseconds of the monotonic clock.</param>
    public TimeSpan Take(long now)
    {
        _next = Math.Max(now, _next) + IntervalMs;
        long wait = Math.Max(0, _next - now - (AtOnce * IntervalMs));
        _waits = wait > 0;
        return TimeSpan.FromMilliseconds(wait);
    }

    /// <summary>The wait is over. False: there was none.</summary>
    public bool IsDue()
    {
        bool waited = _waits;
        _waits = false;
        return waited;
    }
}
