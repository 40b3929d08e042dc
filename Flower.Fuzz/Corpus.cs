// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz;

/// <summary>The inputs with which a target begins, beside the program.</summary>
internal static class Corpus
{
    /// <summary>Those of a target, sorted by name.</summary>
    public static IReadOnlyList<byte[]> Of(FuzzTarget target) =>
        [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Corpus", target.Name))
            .Order(StringComparer.Ordinal)
            .Select(File.ReadAllBytes)];

    /// <summary>Runs each of them, and so many mutants.</summary>
    /// <param name="target">What is tried.</param>
    /// <param name="count">How many mutants.</param>
    /// <param name="seed">Of the first one; each has one of its own, by which it can be made again.</param>
    /// <exception cref="BrokenException">An input was not borne; it says which.</exception>
    public static void Try(FuzzTarget target, int count, int seed)
    {
        IReadOnlyList<byte[]> corpus = Of(target);
        foreach (byte[] input in corpus)
        {
            Run(target, input, "of the corpus");
        }

        for (int i = 0; i < count; i++)
        {
            var random = new Random(seed + i);
            byte[] input = corpus[random.Next(corpus.Count)];
            Run(target, new Mutator(random).Mutate(input, corpus[random.Next(corpus.Count)]), $"of seed {seed + i}");
        }
    }

    private static void Run(FuzzTarget target, byte[] input, string which)
    {
        try
        {
            target.Run(input);
        }
        catch (Exception e)
        {
            throw new BrokenException(
                $"{target.Name}, {which}: {e.Message}\ninput: {Convert.ToHexString(input)}\n{e}", e);
        }
    }
}
