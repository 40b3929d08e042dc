// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz.Simulation;

/// <summary>Decides all that is left open in a history: the same choices make the same history.</summary>
internal abstract class Choices
{
    /// <summary>Whether there is one more step.</summary>
    public abstract bool MoveNext();

    /// <summary>A number from 0 to below a bound.</summary>
    public abstract int Next(int bound);

    /// <summary>True in one of so many cases.</summary>
    public bool OneIn(int cases) => Next(cases) == 0;

    /// <summary>Puts a span into an order.</summary>
    public void Shuffle<T>(Span<T> span)
    {
        for (int i = span.Length - 1; i > 0; i--)
        {
            int j = Next(i + 1);
            (span[i], span[j]) = (span[j], span[i]);
        }
    }
}
