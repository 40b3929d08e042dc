// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Server;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>How many lines of the log one user may cause.</summary>
internal sealed class LogRateTests
{
    private const uint Loud = 1001, Quiet = 1002;

    [Test]
    public void Allows_Flood_SomeAtOnceThenAFewASecondAndTheOthersAreSaid()
    {
        var log = new LogCollector();
        var rate = new LogRate(log);

        int atOnce = Enumerable.Range(0, 1000).Count(_ => rate.Allows(Loud, 5_000));
        int later = Enumerable.Range(0, 1000).Count(_ => rate.Allows(Loud, 6_000));

        Assert.That((atOnce, later), Is.EqualTo((64, 5)));
        Assert.That(log.Lines, Is.EqualTo(new[] { "936 lines were left out that uid 1001 had caused: there were too many" }));
        Assert.That(rate.Allows(Quiet, 6_000), Is.True);
        Assert.That(Enumerable.Range(0, 1000).Count(_ => rate.Allows(Loud, 600_000)), Is.EqualTo(64));
    }

    [Test]
    public void Allows_ManyUsers_TheLoudOnesAreNotForgotten()
    {
        var rate = new LogRate(new LogCollector());
        while (rate.Allows(Loud, 0))
        {
        }

        for (uint uid = 10_000; uid < 13_000; uid++)
        {
            Assert.That(rate.Allows(uid, 0), Is.True);
        }

        Assert.That(rate.Allows(Loud, 0), Is.False);
    }
}
