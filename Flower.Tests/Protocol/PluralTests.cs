// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using NUnit.Framework;

namespace Flower.Tests.Protocol;

internal sealed class PluralTests
{
    [TestCase(0, "0 targets")]
    [TestCase(1, "1 target")]
    [TestCase(2, "2 targets")]
    public void Of_Count_IsOneOrSeveral(long count, string expected) =>
        Assert.That(Plural.Of(count, "target"), Is.EqualTo(expected));

    [Test]
    public void Of_AnotherWordForSeveral_IsUsed() => Assert.That(
        new[] { Plural.Of(1, "egress", "egresses"), Plural.Of(2, "egress", "egresses") },
        Is.EqualTo(new[] { "1 egress", "2 egresses" }));
}
