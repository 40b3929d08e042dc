// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Transport;

/// <summary>Places that all share, of which nobody may take more than his share. For one thread.</summary>
/// <param name="most">How many there are.</param>
/// <param name="share">How many one may have.</param>
public sealed class Shares<TWho>(int most, int share)
    where TWho : notnull
{
    private readonly Dictionary<TWho, int> _taken = [];

    /// <summary>How many are taken.</summary>
    public int Count { get; private set; }

    /// <summary>The limit that stands in the way of one more; null: none.</summary>
    /// <param name="who">Whose place it would be.</param>
    /// <param name="isBounded">Whether he has a share; else he may have all.</param>
    public int? Limit(TWho who, bool isBounded = true) =>
        Count >= most ? most
        : isBounded && _taken.GetValueOrDefault(who) >= share ? share
        : null;

    /// <summary>Takes a place, unless a limit is reached, which is returned.</summary>
    public int? TryTake(TWho who)
    {
        int? limit = Limit(who);
        if (limit is null)
        {
            Take(who);
        }

        return limit;
    }

    /// <summary>Takes a place, whatever the limits.</summary>
    public void Take(TWho who)
    {
        _taken[who] = _taken.GetValueOrDefault(who) + 1;
        Count++;
    }

    /// <summary>Gives one back.</summary>
    public void Return(TWho who)
    {
        Count--;
        if (--_taken[who] == 0)
        {
            _taken.Remove(who);
        }
    }
}
