// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Switchboard.Routing;
using NUnit.Framework;

namespace Flower.Tests.Routing;

/// <summary>Who may state which key that begins with <c>flower.</c>.</summary>
public sealed class ReservedKeysTests
{
    [TestCase("a=1")]
    [TestCase("flowers=1")]
    [TestCase("flower.client_uid=0")]
    [TestCase("+flower.client_gid")]
    [TestCase("flower.client_pid=7")]
    public void RefuseInLabels_Allowed_Null(string word) =>
        Assert.That(ReservedKeys.RefuseInLabels(LabelSet.ParseWords([word])), Is.Null);

    [TestCase("flower.server_uid=0", "about a target")]
    [TestCase("+flower.server_pid", "about a target")]
    [TestCase("flower.client_name=0", "no such key")]
    [TestCase("flower.connection_id=0", "switchboard alone")]
    [TestCase("flower.=0", "switchboard alone")]
    public void RefuseInLabels_AboutItself_SaysWhoMay(string word, string says)
    {
        LabelRefusal? refusal = ReservedKeys.RefuseInLabels(LabelSet.ParseWords(["a=1", word]));

        Assert.That(refusal?.Message, Does.Contain(says));
        Assert.That(refusal?.Keys.Length, Is.EqualTo(1));
    }

    [TestCase("flower.server_uid=0", true)]
    [TestCase("+flower.server_gid", true)]
    [TestCase("flower.client_uid=0", false)]
    [TestCase("flower.server_name=0", false)]
    public void RefuseOutLabels_Demand_OnTheServerOnly(string word, bool allowed) =>
        Assert.That(ReservedKeys.RefuseOutLabels(LabelSet.ParseWords([word])) is null, Is.EqualTo(allowed));
}
