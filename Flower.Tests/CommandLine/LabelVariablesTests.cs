// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol.V1;
using NUnit.Framework;

namespace Flower.Tests.CommandLine;

/// <summary>Labels as environment variables, and which of two labels has a variable.</summary>
internal sealed class LabelVariablesTests
{
    [TestCase("program", "FLOWER_LABEL_PROGRAM")]
    [TestCase("flower.client_uid", "FLOWER_LABEL_FLOWER_CLIENT_UID")]
    [TestCase("a-b/c 9", "FLOWER_LABEL_A_B_C_9")]
    [TestCase("größe😀ſ", "FLOWER_LABEL_GR__E__")]
    public void NameOf_Key_IsPlain(string key, string name)
    {
        Assert.That(LabelVariables.NameOf(key), Is.EqualTo(name));
        Assert.That(LabelVariables.IsOne(name), Is.True);
    }

    [TestCase(Source.Attested, Source.Pinned)]
    [TestCase(Source.Attested, Source.Claimed)]
    [TestCase(Source.Pinned, Source.Claimed)]
    [TestCase(Source.Claimed, Source.Unspecified)]
    public void AddTo_KeysCollide_BetterSourceHasTheVariable(Source better, Source worse)
    {
        foreach ((string first, string second) in new[] { ("a.b", "a_b"), ("a_b", "a.b") })
        {
            Dictionary<string, string> environment =
                Make((first, "good", better), (second, "bad", worse));

            Assert.That(environment["FLOWER_LABEL_A_B"], Is.EqualTo("good"));
            Assert.That(environment["FLOWER_LABELS"], Does.Contain("good").And.Contain("bad"));
        }
    }

    [Test]
    public void AddTo_KeysOfOneSourceCollide_FirstInOrderHasTheVariable() => Assert.That(
        Make(("b", "3", Source.Claimed), ("B", "2", Source.Claimed), ("b ", "1", Source.Claimed))["FLOWER_LABEL_B"],
        Is.EqualTo("2"));

    [Test]
    public void AddTo_Sources_AreJson() => Assert.That(
        Make(("x", "1", Source.Pinned), ("\"", "\n", Source.Attested))["FLOWER_SOURCES"],
        Is.EqualTo("{\"\\\"\":\"attested\",\"x\":\"pinned\"}"));

    private static Dictionary<string, string> Make(params (string Key, string Value, Source Source)[] labels)
    {
        var environment = new Dictionary<string, string>();
        LabelVariables.AddTo(environment, new ConnectionLabels(
            [.. labels.Select(label => new Label { Key = label.Key, Value = label.Value, Source = label.Source })]));
        return environment;
    }
}
