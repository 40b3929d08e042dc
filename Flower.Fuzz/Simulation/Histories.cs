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
    /// <returns>What happened in all of them.</returns>
    /// <exception cref="BrokenException">One was broken; it says its seed.</exception>
    public static HistoryTally Play(int count, int seed)
    {
        HistoryTally all = default;
        for (int i = 0; i < count; i++)
        {
            try
            {
                all += World.Play(new SeededChoices(seed + i, MaxSteps)).Tally;
            }
            catch (Exception e)
            {
                throw new BrokenException($"history of seed {seed + i}: {e.Message}\n{e}", e);
            }
        }

        return all;
    }

    /// <summary>Plays them all, and says of each that was broken how, and how long it is: the shortest tells most.</summary>
    public static HistoryTally Survey(int count, int seed, Action<string> say)
    {
        HistoryTally all = default;
        for (int i = seed; i < seed + count; i++)
        {
            var choices = new SeededChoices(i, MaxSteps);
            int steps = choices.Left;
            try
            {
                all += World.Play(choices).Tally;
            }
            catch (Exception e)
            {
                say($"seed {i}, {steps} steps: {e.Message}");
            }
        }

        return all;
    }
}
