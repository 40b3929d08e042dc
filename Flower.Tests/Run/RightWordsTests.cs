// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Protocol.V1;
using Flower.Run;
using NUnit.Framework;

namespace Flower.Tests.Run;

internal sealed class RightWordsTests
{
    [Test]
    public void All_Contract_EveryRightButTap()
    {
        Assert.That(RightWords.All, Is.EquivalentTo(Enum.GetValues<Right>().Except([Right.Unspecified, Right.Tap])));
        Assert.That(RightWords.Parse(["tap"]), Is.EqualTo(new[] { Right.Tap }));
    }

    [Test]
    public void Parse_BothSpellings_ReadsEachOnce() => Assert.That(
        RightWords.Parse(["client-connect,LIST", "Server_Start", "CLIENT_CONNECT"]),
        Is.EqualTo(new[] { Right.ClientConnect, Right.List, Right.ServerStart }));

    [TestCase("")]
    [TestCase("list,")]
    [TestCase("unspecified")]
    public void Parse_NoRight_NamesTheRights(string word) => Assert.That(
        () => RightWords.Parse([word]),
        Throws.TypeOf<ToolException>().With.Message.Contains("there are client-connect, egress-start"));
}
