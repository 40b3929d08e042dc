// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Switchboard.Watching;

/// <summary>
/// How many connects there were in each of the last 60 seconds. No timer: a second's numbers are cleared when the next
/// connect falls into its place in the ring, and are left out when they are older.
/// </summary>
internal sealed class ConnectRates
{
    private const int Seconds = 60;

    // One more than are asked for: the one that goes on.
    private readonly (long Second, int Accepted, int Refused)[] _ring = new (long, int, int)[Seconds + 1];

    /// <summary>A connection was made.</summary>
    /// <param name="now">Milliseconds of the monotonic clock.</param>
    public void OnAccepted(long now) => At(now).Accepted++;

    /// <summary>A connect was refused.</summary>
    /// <param name="now">Milliseconds of the monotonic clock.</param>
    public void OnRefused(long now) => At(now).Refused++;

    /// <summary>Connects a second, in the last whole seconds before now.</summary>
    /// <param name="now">Milliseconds of the monotonic clock.</param>
    /// <param name="since">When it began to count.</param>
    /// <param name="seconds">How many, at most 60; fewer if it did not count that long.</param>
    public Rates Of(long now, long since, int seconds)
    {
        long end = now / 1000;
        seconds = (int)Math.Clamp(end - (since / 1000), 1, seconds);
        var rates = new Rates();
        foreach ((long second, int accepted, int refused) in _ring)
        {
            if (second >= end - seconds && second < end)
            {
                rates.Accepted += accepted;
                rates.Refused += refused;
            }
        }

        rates.Accepted /= seconds;
        rates.Refused /= seconds;
        return rates;
    }

    private ref (long Second, int Accepted, int Refused) At(long now)
    {
        long second = now / 1000;
        ref (long Second, int Accepted, int Refused) place = ref _ring[second % _ring.Length];
        if (place.Second != second)
        {
            place = (second, 0, 0);
        }

        return ref place;
    }
}
