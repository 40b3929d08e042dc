// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Quotas;

/// <summary>How often something may be done: at a rate, and so much at once. Begins full.</summary>
internal struct TokenBucket()
{
    private double _left = double.NaN;
    private long _refilledAt;

    /// <summary>Takes some, if they are there.</summary>
    /// <param name="rate">What is added each second.</param>
    /// <param name="size">How much it holds, at least one.</param>
    /// <param name="now">Milliseconds of the monotonic clock.</param>
    /// <param name="count">How many. More than it holds is taken when it is full.</param>
    public bool TryTake(long rate, double size, long now, int count)
    {
        _left = double.IsNaN(_left) ? size : Math.Min(size, _left + ((now - _refilledAt) * rate / 1000.0));
        _refilledAt = now;
        double taken = Math.Min(count, size);
        if (_left < taken)
        {
            return false;
        }

        _left -= taken;
        return true;
    }
}
