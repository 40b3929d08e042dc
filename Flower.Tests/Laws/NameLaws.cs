// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;
using Flower.Switchboard.Routing;
using NUnit.Framework;

namespace Flower.Tests.Laws;

/// <summary>The order in which what a name stands for is tried, and how long answers are kept.</summary>
[FsCheck.NUnit.Properties(MaxTest = 200, QuietOnSuccess = true)]
public sealed class NameLaws
{
    [FsCheck.NUnit.Property]
    public void TrialOrder_AnyTargets_EachOnceAndPrioritiesAscend((byte Priority, ushort Weight)[] given, int seed)
    {
        ImmutableArray<ResolvedTarget> targets = Targets(given);

        ResolvedTarget[] order = [.. TrialOrder.Of(targets, new Random(seed))];

        Assert.That(order, Is.EquivalentTo(targets));
        Assert.That(order.Select(t => t.Priority), Is.Ordered);
    }

    [FsCheck.NUnit.Property]
    public void TrialOrder_NoWeights_IsTheGivenOrder(byte[] priorities, int seed)
    {
        ImmutableArray<ResolvedTarget> targets = Targets([.. priorities.Select(p => (p, (ushort)0))]);

        Assert.That(TrialOrder.Of(targets, new Random(seed)), Is.EqualTo(targets.OrderBy(t => t.Priority)));
    }

    [Test]
    public void TrialOrder_Weights_AreSharesOfTheFirstPlace()
    {
        ImmutableArray<ResolvedTarget> targets = Targets([(0, 10), (0, 30), (0, 60), (0, 0)]);
        var random = new Random(1);
        int[] first = new int[4];
        const int Draws = 100_000;
        for (int i = 0; i < Draws; i++)
        {
            first[targets.IndexOf(TrialOrder.Of(targets, random).First())]++;
        }

        // Within seven standard deviations. Weight 0 has the one number of 101 that RFC 2782 leaves it.
        for (int i = 0; i < first.Length; i++)
        {
            double share = i == 3 ? 1 / 101.0 : targets[i].Weight / 101.0;
            double deviation = Math.Sqrt(Draws * share * (1 - share));
            Assert.That(first[i], Is.EqualTo(Draws * share).Within(7 * deviation), $"weight {targets[i].Weight}");
        }
    }

    [FsCheck.NUnit.Property]
    public void AnswerCache_AnySteps_IsAListOfTheLatestThatHold((byte Question, byte Size, byte TimeToLive)[] steps)
    {
        const int MaxAnswers = 8;
        const int MaxSize = 600;
        var cache = new AnswerCache<string>(MaxAnswers, MaxSize);
        var model = new List<(LabelSet Question, string Answer, int Size, long Until)>();
        long now = 0;
        foreach ((byte number, byte size, byte timeToLive) in steps)
        {
            now += number;
            LabelSet question = LabelSet.Create(("name", $"{number % 16}"));
            (_, string? expected, _, _) = model.Find(entry => entry.Question.Equals(question) && now < entry.Until);
            Assert.That(cache.Find(question, now), Is.EqualTo(expected));
            model.RemoveAll(entry => entry.Question.Equals(question) && (now >= entry.Until || number % 3 == 0));
            if (number % 3 != 0)
            {
                continue;
            }

            cache.Add(question, $"{now}", size, now, timeToLive);
            if (timeToLive > 0)
            {
                while (model.Count >= MaxAnswers || model.Sum(entry => entry.Size) + size > MaxSize)
                {
                    model.RemoveAt(0);
                }

                model.Add((question, $"{now}", size, now + timeToLive));
            }

            Assert.That(cache.Count, Is.EqualTo(model.Count));
            Assert.That(cache.Size, Is.EqualTo(model.Sum(entry => entry.Size)).And.AtMost(MaxSize));
        }
    }

    private static ImmutableArray<ResolvedTarget> Targets((byte Priority, ushort Weight)[] given) =>
        [.. given.Select((t, i) => new ResolvedTarget(LabelSet.Create(("place", $"{i}")), t.Priority, t.Weight))];
}
