// SPDX-License-Identifier: BSD-2-Clause
using Flower.Run.Agent;
using NUnit.Framework;

namespace Flower.Tests.Run;

/// <summary>What is said of connects in a box that fail, and how often.</summary>
internal sealed class RefusalLogTests
{
    private readonly List<string> _lines = [];
    private readonly ManualTime _time = new();
    private RefusalLog _log = null!;

    [SetUp]
    public void Begin()
    {
        _lines.Clear();
        _log = new(_time, _lines.Add);
        _time.Advance(TimeSpan.FromSeconds(2));
    }

    [Test]
    public void Say_TheSameOfBothFamilies_IsSaidOnce()
    {
        _log.Say("web.example:80", "nothing matches");
        _log.Say("web.example:80", "nothing matches");
        _log.Say("web.example:81", "nothing matches");
        _log.SayRest();

        Assert.That(_lines, Is.EqualTo(new[] { "connect to web.example:80: nothing matches", "connect to web.example:81: nothing matches" }));
    }

    [Test]
    public void Say_TheSameLater_IsSaidAgain()
    {
        _log.Say("web.example:80", "nothing matches");
        _time.Advance(TimeSpan.FromSeconds(1));
        _log.Say("web.example:80", "nothing matches");

        Assert.That(_lines, Has.Count.EqualTo(2));
    }

    [TestCase(11, "1 more such line was left out")]
    [TestCase(15, "5 more such lines were left out")]
    public void Say_MoreThanTenInASecond_CountsTheRest(int count, string rest)
    {
        for (int port = 1; port <= count; port++)
        {
            _log.Say($"web.example:{port}", "nothing matches");
        }

        Assert.That(_lines, Has.Count.EqualTo(10));
        _time.Advance(TimeSpan.FromSeconds(1));
        _log.Say("web.example:80", "nothing matches");

        Assert.That(_lines[10..], Is.EqualTo(new[] { rest, "connect to web.example:80: nothing matches" }));
    }
}
