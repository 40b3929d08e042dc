// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Quotas;

/// <summary>What one user, or one handle with all that was made from it, uses at the moment. On the loop.</summary>
/// <param name="name">Whose it is, for people: <c>user 1000</c>, <c>handle 17</c>.</param>
internal sealed class Budget(string name)
{
    private readonly long[] _used = new long[(int)QuotaKind.ConnectsPerSecond];

    // What may come at once, as a share of what may come in a second: a flood is spread over the second, and those whom the
    // board serves beside it wait for less at a time.
    private const double BurstSeconds = 0.25;

    // Connects that may be made at once; refilled as time passes.
    private double _connects = double.NaN;
    private long _refilledAt;

    public string Name { get; } = name;

    /// <summary>Nothing is used. The connects of the last second do not count.</summary>
    public bool IsUnused => Array.TrueForAll(_used, used => used == 0);

    /// <summary>How much is used.</summary>
    public long this[QuotaKind kind] => _used[(int)kind];

    /// <summary>Uses so much more, whatever the limit.</summary>
    public void Add(QuotaKind kind, long amount) => _used[(int)kind] += amount;

    /// <summary>Whether so much more is within a limit.</summary>
    public bool Has(QuotaKind kind, long amount, long limit) => _used[(int)kind] <= limit - amount;

    /// <summary>Takes connects, if the rate allows them (a token bucket that holds a quarter of a second's worth).</summary>
    /// <param name="rate">Connects each second.</param>
    /// <param name="now">Milliseconds of the monotonic clock.</param>
    /// <param name="count">How many, or what costs as much. More than the bucket holds is taken when it is full.</param>
    public bool TryConnect(long rate, long now, int count = 1)
    {
        if (rate == QuotaLimits.Unlimited)
        {
            return true;
        }

        double burst = Math.Max(1, rate * BurstSeconds);
        _connects = double.IsNaN(_connects)
            ? burst
            : Math.Min(burst, _connects + ((now - _refilledAt) * rate / 1000.0));
        _refilledAt = now;
        double taken = Math.Min(count, burst);
        if (_connects < taken)
        {
            return false;
        }

        _connects -= taken;
        return true;
    }
}
