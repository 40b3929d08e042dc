// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.CommandLine;
using NUnit.Framework;

namespace Flower.Tests.CommandLine;

/// <summary>What somebody may have meant.</summary>
internal sealed class SuggestionTests
{
    private static readonly string[] Known = ["cat", "connect", "connections", "ls", "switchboard", "--timeout", "--wait"];

    [TestCase("swichboard", "switchboard")]
    [TestCase("switchbaord", "switchboard")]
    [TestCase("conect", "connect")]
    [TestCase("connection", "connections")]
    [TestCase("cta", "cat")]
    [TestCase("--timeuot", "--timeout")]
    [TestCase("--wiat", "--wait")]
    [TestCase("--tmt", null)]
    [TestCase("sl", null)]
    [TestCase("reconnector", null)]
    [TestCase("x", null)]
    [TestCase("", null)]
    public void Nearest_Word_IsWhatIsASlipOrTwoAway(string word, string? expected) =>
        Assert.That(Suggestion.Nearest(word, Known), Is.EqualTo(expected));

    [TestCase("swi", "; did you mean 'switchboard'?")]
    [TestCase("conn", "")]
    [TestCase("s", "")]
    [TestCase("--no-net", "; did you mean '--no-network'?")]
    [TestCase("--no", "")]
    public void For_BeginningOfOneNameAlone_IsThat(string word, string expected)
    {
        var root = new RootCommand
        {
            new Command("switchboard"), new Command("connect"), new Command("connections"),
            new Option<bool>("--no-network"), new Option<bool>("--no-delay"),
        };
        root.TreatUnmatchedTokensAsErrors = false;

        Assert.That(Suggestion.For(word, root.Parse([word]).CommandResult), Is.EqualTo(expected));
    }

    [TestCase("undrain", "drain --undo")]
    [TestCase("list", "ls")]
    public void For_WordOfAnotherProgram_IsThatOfThisOne(string word, string expected)
    {
        var root = new RootCommand { TreatUnmatchedTokensAsErrors = false };

        Assert.That(Suggestion.For(word, root.Parse([word]).CommandResult), Is.EqualTo($"; did you mean '{expected}'?"));
    }
}
