// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using NUnit.Framework;

namespace Flower.Tests.CommandLine;

/// <summary>When there are colours: what was asked for, then NO_COLOR, then the terminal.</summary>
internal sealed class ColorOptionTests
{
    [TestCase("auto", true, null, "xterm", true)]
    [TestCase("auto", true, "", "xterm", true)]
    [TestCase("auto", true, "1", "xterm", false)]
    [TestCase("auto", true, null, "dumb", false)]
    [TestCase("auto", true, null, null, true)]
    [TestCase("auto", false, null, "xterm", false)]
    [TestCase("always", false, "1", "dumb", true)]
    [TestCase("never", true, null, "xterm", false)]
    public void IsWanted_Each_AsItIsCustom(string choice, bool isTerminal, string? noColor, string? term, bool expected) =>
        Assert.That(
            ColorOption.IsWanted(choice, isTerminal, name => name == "NO_COLOR" ? noColor : name == "TERM" ? term : null),
            Is.EqualTo(expected));
}
