// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>
/// Until when something may take, by the monotonic clock: a deadline of gRPC is a time of day, which may be set while the
/// switchboard is waited for. Immutable.
/// </summary>
internal readonly struct TimeLimit
{
    private readonly TimeProvider? _clock;
    private readonly long _began;
    private readonly TimeSpan _length;

    /// <summary>From now on; without a length, and as the default of this type, without end.</summary>
    public TimeLimit(TimeSpan? length, TimeProvider clock)
    {
        _clock = length is null ? null : clock;
        _began = length is null ? 0 : clock.GetTimestamp();
        _length = length ?? default;
    }

    /// <summary>What is left of it, not less than nothing; null: it has no end.</summary>
    public TimeSpan? Left => _clock is null ? null
        : _length - _clock.GetElapsedTime(_began) is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    /// <summary>The same as a deadline for a call that is made now; null: it has no end.</summary>
    public DateTime? AsDeadline()
    {
        if (_clock is null || Left is not { } left)
        {
            return null;
        }

        DateTime now = _clock.GetUtcNow().UtcDateTime;
        return left < DateTime.MaxValue - now ? now + left : DateTime.MaxValue;
    }
}
