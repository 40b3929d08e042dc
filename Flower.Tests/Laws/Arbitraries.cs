// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using FsCheck;
using FsCheck.Fluent;

namespace Flower.Tests.Laws;

/// <summary>Label sets with few keys and values, so that they meet often.</summary>
public static class Arbitraries
{
    private static readonly string[] Keys = ["a", "b", "c", "d"];

    // For each key: absent, a label of one of two values, each of them also required, or required alone.
    private static Gen<LabelSet> Sets { get; } =
        Gen.Frequency((4, Gen.Constant(0)), (6, Gen.Choose(1, 2)), (1, Gen.Choose(3, 4)), (1, Gen.Constant(5)))
            .ArrayOf(Keys.Length)
            .Select(Make);

    public static Arbitrary<LabelSet> LabelSets() => Arb.From(Sets, Smaller);

    public static Arbitrary<BoardStep> BoardSteps() =>
        (from kind in Gen.Frequency(
            (6, Gen.Constant(TargetKind.Server)),
            (3, Gen.Constant(TargetKind.Egress)),
            (1, Gen.Constant(TargetKind.Resolver)))
         from labels in Sets
         from remove in Gen.Choose(-40, 20)
         from uid in Gen.Choose(0, 1)
         select new BoardStep(kind, labels, remove, (uint)uid)).ToArbitrary();

    internal static LabelSet Make(int[] choices)
    {
        IEnumerable<(string Key, int Choice)> chosen = Keys.Zip(choices).Where(c => c.Second != 0);
        return LabelSet.Create(
            chosen.Where(c => c.Choice < 5).Select(c => KeyValuePair.Create(c.Key, c.Choice % 2 == 1 ? "1" : "2")),
            chosen.Where(c => c.Choice > 2).Select(c => c.Key));
    }

    private static IEnumerable<LabelSet> Smaller(LabelSet set) =>
        set.Labels.Select(l => LabelSet.Create(set.Labels.Remove(l), set.RequiredKeys))
            .Concat(set.RequiredKeys.Select(k => LabelSet.Create(set.Labels, set.RequiredKeys.Remove(k))));
}
