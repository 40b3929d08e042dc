// SPDX-License-Identifier: BSD-2-Clause
using Flower.Fuzz.Simulation;
using Flower.Tests.Fuzz;
using NUnit.Framework;

namespace Flower.Tests.Simulation;

/// <summary>The board in orders that nobody thought of: docs/testing.md says how to play one of them again.</summary>
internal sealed class HistoryTests
{
    [Test]
    public void Play_ManyHistories_NothingIsBroken()
    {
        int seed = CorpusTests.Number("FLOWER_SIMULATION_SEED", 1);
        int count = CorpusTests.Number("FLOWER_SIMULATION_COUNT", 1000);
        HistoryTally all = default;

        Assert.That(() => all = Histories.Play(count, seed), Throws.Nothing);
        // Histories in which nothing happens break nothing.
        Assert.That(all.Made, Is.GreaterThanOrEqualTo(count / 2), $"{all}");
        Assert.That(
            (int[])[all.Named, all.Tapped, all.Started, all.Revoked, all.TakeOvers],
            Has.All.GreaterThanOrEqualTo(count / 100), $"{all}");
    }

    [Test]
    public void Play_SameSeed_SameHistory()
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            (HistoryTally Tally, int Told) once = World.Play(new SeededChoices(seed, Histories.MaxSteps));

            Assert.That(World.Play(new SeededChoices(seed, Histories.MaxSteps)), Is.EqualTo(once), $"seed {seed}");
        }
    }
}
