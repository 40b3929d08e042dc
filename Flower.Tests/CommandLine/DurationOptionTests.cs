// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using NUnit.Framework;

namespace Flower.Tests.CommandLine;

internal sealed class DurationOptionTests
{
    [TestCase("500ms", 500)]
    [TestCase("5s", 5000)]
    [TestCase("2m", 120_000)]
    [TestCase("1h", 3_600_000)]
    [TestCase("7", 7000)]
    [TestCase("0.5", 500)]
    [TestCase("1.5s", 1500)]
    [TestCase("0", 0)]
    [TestCase("240h", 864_000_000)]
    public void TryParse_Duration_IsRead(string text, double milliseconds)
    {
        Assert.That(DurationOption.TryParse(text, out TimeSpan duration), Is.True);
        Assert.That(duration.TotalMilliseconds, Is.EqualTo(milliseconds));
    }

    [TestCase("")]
    [TestCase("s")]
    [TestCase("-1s")]
    [TestCase("5 s")]
    [TestCase("5x")]
    [TestCase("1e9")]
    [TestCase("241h")]
    [TestCase("Infinity")]
    [TestCase("1,5")]
    public void TryParse_AnythingElse_IsNone(string text) =>
        Assert.That(DurationOption.TryParse(text, out _), Is.False);
}
