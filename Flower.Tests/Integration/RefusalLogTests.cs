// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>What a flood of refusals does to the log.</summary>
internal sealed class RefusalLogTests : BoardFixture
{
    [Test]
    public async Task Connect_RefusedAgainAndAgain_IsLoggedAFewTimes()
    {
        for (int turn = 0; turn < 5; turn++)
        {
            await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Refused(
                Root.ConnectAsync(Labels("none=1"), new() { RelatedOnly = true }))));
        }

        Assert.That(
            Log.Lines.Count(line => line.Contains("refused: NotFound", StringComparison.Ordinal)), Is.InRange(64, 500));
    }
}
