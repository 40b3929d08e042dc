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

    private TokenBucket _connects = new();
    private TokenBucket _registrations = new();

    public string Name { get; } = name;

    /// <summary>Nothing is used. What was done in the last seconds does not count.</summary>
    public bool IsUnused => Array.TrueForAll(_used, used => used == 0);

    /// <summary>How much is used.</summary>
    public long this[QuotaKind kind] => _used[(int)kind];

    /// <summary>Uses so much more, whatever the limit.</summary>
    public void Add(QuotaKind kind, long amount) => _used[(int)kind] += amount;

    /// <summary>Whether so much more is within a limit.</summary>
    public bool Has(QuotaKind kind, long amount, long limit) => _used[(int)kind] <= limit - amount;

    /// <summary>Takes connects, if the rate allows them: a quarter of a second's worth at once.</summary>
    /// <param name="rate">Connects each second.</param>
    /// <param name="now">Milliseconds of the monotonic clock.</param>
    /// <param name="count">How many, or what costs as much.</param>
    public bool TryConnect(long rate, long now, int count = 1) =>
        rate == QuotaLimits.Unlimited || _connects.TryTake(rate, Math.Max(1, rate * BurstSeconds), now, count);

    /// <summary>
    /// Takes a registration, if the rate allows it: at once as many as there may be targets, since whoever begins, or comes back,
    /// registers all that he has; or a quarter of a second's worth, if that is more.
    /// </summary>
    /// <param name="rate">Registrations each second.</param>
    /// <param name="targets">How many there may be.</param>
    /// <param name="now">Milliseconds of the monotonic clock.</param>
    public bool TryRegister(long rate, long targets, long now) =>
        rate == QuotaLimits.Unlimited || _registrations.TryTake(rate, Math.Max(Math.Max(1, targets), rate * BurstSeconds), now, 1);
}
