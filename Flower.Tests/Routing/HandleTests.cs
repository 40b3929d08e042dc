// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using NUnit.Framework;

namespace Flower.Tests.Routing;

/// <summary>Constrain, and who pinned what.</summary>
public sealed class HandleTests
{
    private static readonly LabelSet None = LabelSet.Empty;

    [Test]
    public void Constrain_Narrower_AddsLabelsAndKeepsPinners()
    {
        Handle root = Handle.CreateRoot(Rights.All, LabelSet.Create(("a", "1")), None);
        Handle child = Narrow(root, 1, Rights.List | Rights.ServerStart, LabelSet.Create(("a", "1"), ("b", "2")), None);
        Handle grandchild = Narrow(child, 2, Rights.List, LabelSet.Create(("b", "2")), LabelSet.ParseWords(["+c"]));

        Assert.That(grandchild.InLabels, Is.EqualTo(LabelSet.Create(("a", "1"), ("b", "2"))));
        Assert.That(grandchild.OutLabels, Is.EqualTo(LabelSet.ParseWords(["+c"])));
        Assert.That(grandchild.Rights, Is.EqualTo(Rights.List));
        Assert.That(grandchild.Parent, Is.SameAs(child));
        Assert.That(grandchild.Id, Is.EqualTo(2));
        Assert.That(grandchild.PinnedBy(LabelSide.In, "a"), Is.Null);
        Assert.That(grandchild.IsPinned(LabelSide.In, "a"), Is.True);
        Assert.That(grandchild.PinnedBy(LabelSide.In, "b"), Is.SameAs(root));
        Assert.That(grandchild.IsPinned(LabelSide.Out, "b"), Is.False);
        Assert.That(grandchild.IsPinned(LabelSide.Out, "c"), Is.False);
    }

    [Test]
    public void Constrain_RightItLacks_NamesIt()
    {
        Handle root = Handle.CreateRoot(Rights.List, None, None);

        HandleResult result = root.Constrain(1, Rights.List | Rights.ServerStart, None, None);

        Assert.That(result, Is.TypeOf<HandleResult.LacksRights>());
        Assert.That(((HandleResult.LacksRights)result).Rights, Is.EqualTo(new[] { Right.ServerStart }));
    }

    [Test]
    public void Constrain_Contradiction_NamesKeysOfBothSides()
    {
        Handle root = Handle.CreateRoot(Rights.All, LabelSet.Create(("b", "1")), LabelSet.Create(("a", "1")));

        HandleResult result = root.Constrain(1, Rights.All, LabelSet.Create(("b", "2")), LabelSet.Create(("a", "2")));

        Assert.That((result as HandleResult.Contradicts)?.Keys, Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public void Constrain_TooManyLabels_Invalid()
    {
        LabelSet half = LabelSet.Create(Enumerable.Range(0, 40).Select(i => KeyValuePair.Create($"a{i}", "")));
        LabelSet other = LabelSet.Create(Enumerable.Range(0, 40).Select(i => KeyValuePair.Create($"b{i}", "")));
        Handle root = Handle.CreateRoot(Rights.All, half, None);

        Assert.That(root.Constrain(1, Rights.All, other, None), Is.TypeOf<HandleResult.Invalid>());
    }

    [Test]
    public void Constrain_ReservedKey_Reserved()
    {
        Handle root = Handle.CreateRoot(Rights.All, None, None);

        HandleResult result = root.Constrain(1, Rights.All, LabelSet.Create((ReservedKeys.ServerUid, "0")), None);

        Assert.That((result as HandleResult.Reserved)?.Refusal.Keys, Is.EqualTo(new[] { ReservedKeys.ServerUid }));
    }

    [Test]
    public void CreateRoot_ReservedKey_Throws() => Assert.That(
        () => Handle.CreateRoot(Rights.All, LabelSet.Create(("flower.x", "")), None), Throws.TypeOf<LabelException>());

    [Test]
    public void IsAncestorOrSelf_DeepChainAndSibling_ExactlyTheAncestors()
    {
        var chain = new List<Handle> { Handle.CreateRoot(Rights.All, None, None) };
        for (int i = 1; i < 200; i++)
        {
            chain.Add(Narrow(chain[^1], (ulong)i, Rights.All, None, None));
        }

        Handle sibling = Narrow(chain[100], 999, Rights.All, None, None);
        for (int i = 0; i < chain.Count; i++)
        {
            Assert.That(chain[i].IsAncestorOrSelf(sibling), Is.EqualTo(i <= 100));
            Assert.That(sibling.IsAncestorOrSelf(chain[i]), Is.False);
            for (int j = 0; j < chain.Count; j += 7)
            {
                Assert.That(chain[i].IsAncestorOrSelf(chain[j]), Is.EqualTo(i <= j));
            }
        }
    }

    [Test]
    public void TryRead_EachRight_ReadsBackEqual()
    {
        Assert.That(RightsMessage.TryRead(Rights.Every.ToMessage(), out Rights all), Is.True);
        Assert.That(all, Is.EqualTo(Rights.Every));
        Assert.That(Rights.All, Is.EqualTo(Rights.Every & ~Rights.Tap));
        Assert.That(Rights.Every.ToMessage(), Has.Length.EqualTo(Enum.GetValues<Right>().Length - 1));
        Assert.That(RightsMessage.TryRead([Right.List, Right.List], out Rights twice), Is.True);
        Assert.That(twice, Is.EqualTo(Rights.List));
    }

    [TestCase(Right.Unspecified)]
    [TestCase((Right)99)]
    public void TryRead_NoRight_False(Right right) =>
        Assert.That(RightsMessage.TryRead([right], out _), Is.False);

    internal static Handle Narrow(Handle from, ulong id, Rights rights, LabelSet inLabels, LabelSet outLabels)
    {
        HandleResult result = from.Constrain(id, rights, inLabels, outLabels);
        Assert.That(result, Is.TypeOf<HandleResult.Narrower>());
        return ((HandleResult.Narrower)result).Handle;
    }
}
