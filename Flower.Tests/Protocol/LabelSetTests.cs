// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Tests.Protocol;

[TestFixture]
internal sealed class LabelSetTests
{
    [Test]
    public void ParseWords_RequiredAndPlain_KeepsBoth()
    {
        LabelSet set = LabelSet.ParseWords(["b=2", "+a=1", "+c"]);
        Assert.That(set.ToString(), Is.EqualTo("+a=1 b=2 +c"));
        Assert.That(set.ToJson(), Is.EqualTo("""{"+a":"1","b":"2","+c":null}"""));
    }

    [TestCase("""{"a":"1","a":"2"}""", Description = "a duplicate key")]
    [TestCase("""{"a":"1"} x""", Description = "trailing garbage")]
    [TestCase("""{"a":1}""", Description = "a number")]
    [TestCase("{\"a\":\"\\u0000\"}", Description = "NUL")]
    [TestCase("[]", Description = "not an object")]
    [TestCase("", Description = "nothing")]
    public void ParseJson_NotLabels_IsRefused(string json) =>
        Assert.That(() => LabelSet.ParseJson(json), Throws.TypeOf<LabelException>());

    [Test]
    public void Merge_Contradiction_NamesTheKeys()
    {
        LabelSet.ParseWords(["a=1", "b=2"]).Merge(LabelSet.ParseWords(["a=1", "b=3", "c=4"]), out IReadOnlyList<string> keys);
        Assert.That(keys, Is.EqualTo(new[] { "b" }));
    }
}
