// SPDX-License-Identifier: BSD-2-Clause
using Flower.Fuzz;
using NUnit.Framework;

namespace Flower.Tests.Fuzz;

/// <summary>The targets of the fuzzer with what was kept, and some mutants of that; fuzz.sh goes on for as long as one likes.</summary>
internal sealed class CorpusTests
{
    // A variable, so that a run that is longer or that begins elsewhere needs no build.
    private static readonly int Seed = Number("FLOWER_FUZZ_SEED", 1);

    private static IEnumerable<string> Names => FuzzTarget.All.Select(target => target.Name);

    [TestCaseSource(nameof(Names))]
    public void Run_CorpusAndMutants_NothingIsBroken(string name)
    {
        FuzzTarget target = FuzzTarget.All.Single(t => t.Name == name);
        // A board is made and ended for each input of these two.
        int count = Number("FLOWER_FUZZ_COUNT", name is "packets" or "history" ? 200 : 4000);

        Assert.That(Corpus.Of(target), Has.Count.GreaterThan(1));
        Assert.That(() => Corpus.Try(target, count, Seed), Throws.Nothing);
    }

    internal static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture)
            : otherwise;
}
