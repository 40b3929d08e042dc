// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>
/// How long to wait before each try: 50 ms, twice as long each time, up to 5 s, each shortened by up to a half at random.
/// Not thread-safe.
/// </summary>
internal sealed class Backoff
{
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);

    private TimeSpan _next = First;

    /// <summary>The wait before the next try.</summary>
    public TimeSpan Next()
    {
        TimeSpan wait = _next;
        _next = wait * 2 < Longest ? wait * 2 : Longest;
        return wait * (1 - (Random.Shared.NextDouble() / 2));
    }

    /// <summary>Begins again.</summary>
    public void Reset() => _next = First;
}
