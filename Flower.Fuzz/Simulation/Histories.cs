// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz.Simulation;

/// <summary>Plays histories, each of a seed of its own.</summary>
internal static class Histories
{
    /// <summary>How many steps one has at most.</summary>
    public const int MaxSteps = 200;

    /// <summary>Plays them.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Of the first one.</param>
    /// <returns>How many connections were made in all.</returns>
    /// <exception cref="BrokenException">One was broken; it says its seed.</exception>
    public static long Play(int count, int seed)
    {
        long made = 0;
        for (int i = 0; i < count; i++)
        {
            try
            {
                made += World.Play(new SeededChoices(seed + i, MaxSteps)).Made;
            }
            catch (Exception e)
            {
                throw new BrokenException($"history of seed {seed + i}: {e.Message}\n{e}", e);
            }
        }

        return made;
    }
}
