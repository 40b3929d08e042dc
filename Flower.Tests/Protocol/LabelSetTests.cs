// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using NUnit.Framework;

namespace Flower.Tests.Protocol;

/// <summary>How label sets are read, checked, merged and printed.</summary>
public sealed class LabelSetTests
{
    [Test]
    public void ParseWords_AllForms_LabelsAndRequiredKeysSorted()
    {
        LabelSet set = LabelSet.ParseWords(["b=2", "+a=1", "+c", "d=x=y", "e="]);

        Assert.That(set.Labels.Select(l => $"{l.Key}:{l.Value}"), Is.EqualTo(new[] { "a:1", "b:2", "d:x=y", "e:" }));
        Assert.That(set.RequiredKeys, Is.EqualTo(new[] { "a", "c" }));
    }

    [Test]
    public void ParseWords_JsonAmongWords_OneSet()
    {
        LabelSet set = LabelSet.ParseWords(["""{"a":"1","+b":null}""", "c=3"]);

        Assert.That(set, Is.EqualTo(LabelSet.ParseWords(["a=1", "+b", "c=3"])));
    }

    [TestCase("word")]
    [TestCase("")]
    [TestCase("=1")]
    [TestCase("+")]
    [TestCase("+=1")]
    [TestCase("++a=1")]
    [TestCase("a\n=1")]
    [TestCase("a=\0")]
    public void ParseWords_BadWord_Throws(string word) =>
        Assert.That(() => LabelSet.ParseWords([word]), Throws.TypeOf<LabelException>());

    [TestCase("{\"a\":", "line 1, column 6: ")]
    [TestCase("{\"a\":\"1\",\n b}", "line 2, column 2: 'b' is an invalid start of a property name")]
    [TestCase("{\"a\":\"1\"} x", "line 1, column 11: 'x' is invalid after a single JSON value")]
    public void ParseJson_Bad_SaysWhereInWords(string json, string words) => Assert.That(
        () => LabelSet.ParseJson(json),
        Throws.TypeOf<LabelException>().With.Message.Contains("bad JSON: " + words).And.Message.Not.Contains("LineNumber"));

    // Not cases: an attribute's text is UTF-8 and cannot hold a lone surrogate.
    [Test]
    public void Parse_LoneSurrogate_Throws()
    {
        Assert.That(() => LabelSet.ParseWords(["a=\ud800"]), Throws.TypeOf<LabelException>());
        Assert.That(() => LabelSet.ParseWords(["\udc00=1"]), Throws.TypeOf<LabelException>());
        Assert.That(() => LabelSet.ParseJson("{\"a\":\"\ud800\"}"), Throws.TypeOf<LabelException>());
    }

    [Test]
    public void ParseWords_BadKey_MessageIsPrintable() => Assert.That(
        () => LabelSet.ParseWords(["++\u001b[31m=1"]),
        Throws.TypeOf<LabelException>().With.Message.Not.Contains("\u001b"));

    [Test]
    public void ParseWords_KeyTwice_NamesTheKey() => Assert.That(
        () => LabelSet.ParseWords(["a=1", "a=1"]),
        Throws.TypeOf<LabelException>().With.Property(nameof(LabelException.Keys)).EqualTo(new[] { "a" }));

    [Test]
    public void ParseWords_RequiredTwice_Throws() =>
        Assert.That(() => LabelSet.ParseWords(["+a", "+a=1"]), Throws.TypeOf<LabelException>());

    [TestCase("")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("{")]
    [TestCase("{\"a\":\"1\"")]
    [TestCase("{\"a\":\"1\"} x")]
    [TestCase("{\"a\":\"1\"}{}")]
    [TestCase("{\"a\":\"1\",}")]
    [TestCase("{\"a\":\"1\",\"a\":\"2\"}")]
    [TestCase("{\"a\":\"1\",\"\\u0061\":\"1\"}")]
    [TestCase("{\"a\":\"1\",\"+a\":\"1\"}")]
    [TestCase("{\"a\":1}")]
    [TestCase("{\"a\":null}")]
    [TestCase("{\"a\":true}")]
    [TestCase("{\"a\":{}}")]
    [TestCase("{\"+a\":[]}")]
    [TestCase("{\"a\":\"\\u0000\"}")]
    [TestCase("{\"\\u0000\":\"1\"}")]
    [TestCase("{\"\":\"1\"}")]
    [TestCase("{\"a\":\"\\ud800\"}")]
    public void ParseJson_BadText_Throws(string json) =>
        Assert.That(() => LabelSet.ParseJson(json), Throws.TypeOf<LabelException>());

    [Test]
    public void ParseJson_EmptyObject_EmptySet() => Assert.That(LabelSet.ParseJson(" {} "), Is.SameAs(LabelSet.Empty));

    [Test]
    public void ToJson_ControlCharactersAndQuotes_ReadsBackEqual()
    {
        LabelSet set = LabelSet.Create([new("k\"ü😀", "a\n\u0001\"\\<"), new("z", "")], ["z", "any"]);

        Assert.That(LabelSet.ParseJson(set.ToJson()), Is.EqualTo(set));
        Assert.That(set.ToJson(), Does.Not.Contain("\n"));
    }

    [Test]
    public void ToString_ControlCharacters_QuestionMarks() =>
        Assert.That(LabelSet.Create(("a", "x\u001b[31m\n")).ToString(), Is.EqualTo("a=x?[31m?"));

    [Test]
    public void Create_AtTheLimits_Accepted()
    {
        string key = new('k', LabelRules.MaxKeyBytes);
        string value = string.Concat(Enumerable.Repeat("ü", LabelRules.MaxValueBytes / 2));

        Assert.That(LabelSet.Create((key, value))[key], Is.EqualTo(value));
        Assert.That(Many(LabelRules.MaxLabels).Labels, Has.Length.EqualTo(LabelRules.MaxLabels));
    }

    [Test]
    public void Create_BeyondALimit_Throws()
    {
        string longKey = new('k', LabelRules.MaxKeyBytes + 1);
        string longValue = string.Concat(Enumerable.Repeat("ü", LabelRules.MaxValueBytes / 2)) + "x";
        string value = new('v', LabelRules.MaxValueBytes);

        Assert.That(() => LabelSet.Create((longKey, "")), Throws.TypeOf<LabelException>());
        Assert.That(() => LabelSet.Create(("a", longValue)), Throws.TypeOf<LabelException>());
        Assert.That(() => Many(LabelRules.MaxLabels + 1), Throws.TypeOf<LabelException>());
        Assert.That(
            () => LabelSet.Create(("a", value), ("b", value), ("c", value), ("d", value)),
            Throws.TypeOf<LabelException>());
    }

    [Test]
    public void Merge_Contradiction_NamesTheKeyAndKeepsOwnValue()
    {
        LabelSet merged = LabelSet.Create(("a", "1"), ("b", "2"))
            .Merge(LabelSet.Create(("a", "2"), ("c", "3")), out IReadOnlyList<string> keys);

        Assert.That(keys, Is.EqualTo(new[] { "a" }));
        Assert.That(merged, Is.EqualTo(LabelSet.Create(("a", "1"), ("b", "2"), ("c", "3"))));
    }

    [Test]
    public void FromMessage_KeyTwice_Throws()
    {
        var message = new Labels { Labels_ = { new Label { Key = "a" }, new Label { Key = "a" } } };

        Assert.That(() => LabelSet.FromMessage(message), Throws.TypeOf<LabelException>());
    }

    [Test]
    public void ToMessage_AnySet_ReadsBackEqual()
    {
        LabelSet set = LabelSet.ParseWords(["a=1", "+b=2", "+c"]);

        Assert.That(LabelSet.FromMessage(set.ToMessage()), Is.EqualTo(set));
    }

    private static LabelSet Many(int count) =>
        LabelSet.Create(Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"k{i}", "v")));

    [TestCase("{\u001b[31m")]
    [TestCase("{\"a\":\u000c1}")]
    public void ParseJson_ControlCharacter_ErrorIsPrintable(string json)
    {
        LabelException e = Assert.Throws<LabelException>(() => LabelSet.ParseJson(json))!;

        Assert.That(e.Message.Where(char.IsControl), Is.Empty);
    }
}
