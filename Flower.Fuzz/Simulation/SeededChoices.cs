// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz.Simulation;

/// <summary>Choices that a seed makes.</summary>
/// <param name="seed">Of the random numbers.</param>
/// <param name="maxSteps">How many steps there are at most.</param>
internal sealed class SeededChoices(int seed, int maxSteps) : Choices
{
    private readonly Random _random = new(seed);

    /// <summary>How many steps are left.</summary>
    public int Left { get; private set; } = new Random(~seed).Next(1, maxSteps + 1);

    public override bool MoveNext() => Left-- > 0;

    public override int Next(int bound) => _random.Next(bound);
}
