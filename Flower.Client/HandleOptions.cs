// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>What a handle does when its switchboard goes away. It never changes how the handle is first opened.</summary>
public sealed record HandleOptions
{
    /// <summary>
    /// How long a switchboard that went away is tried again, from when it went, before the handle is given up:
    /// <see cref="Timeout.InfiniteTimeSpan"/>: without end; zero: not at all. The tries come after 50 ms, twice as long
    /// each time, up to 5 s, each shortened by up to a half at random, so that not all come at once. Default: 30 s.
    /// </summary>
    public TimeSpan Reconnect { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Told when the switchboard has gone and when it is back, on a thread of the pool. Must be short; what it throws
    /// ends the handle. Default: null, nobody.
    /// </summary>
    public Action<HandleEvent>? Observer { get; init; }
}
