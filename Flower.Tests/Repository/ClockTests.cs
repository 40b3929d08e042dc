// SPDX-License-Identifier: BSD-2-Clause
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Flower.Tests.Repository;

/// <summary>
/// The time of day may jump, and decides nothing: what waits, expires or is limited goes by the monotonic clock. Each use of the
/// time of day stands here with what it is for.
/// </summary>
internal sealed partial class ClockTests
{
    // Uses in each file. A gRPC deadline is a time of day by its contract (CallOptions.Deadline), and is turned into a duration at
    // once; everything else is shown to somebody, or written down.
    private static readonly Dictionary<string, int> Allowed = new(StringComparer.Ordinal)
    {
        ["Flower.Client/TimeLimit.cs"] = 1,
        ["Flower.Rpc/Client/ClientCall.cs"] = 1,
        ["Flower.Rpc/Server/ServerCall.cs"] = 1,
        ["Flower.Switchboard/Watching/BoardEvents.cs"] = 1,
        ["Flower.Switchboard/Watching/LastRefusals.cs"] = 1,
        ["Flower.Tap/CaptureSink.cs"] = 2,
        ["Flower.Tap/TapEntry.cs"] = 1,
        ["Flower.Tap/TextSink.cs"] = 2,
        ["Flower.Web/BoardFeed.cs"] = 2,
        ["Flower.Web/BoardModel.cs"] = 2,
        ["Flower.Web/ExplainAnswer.cs"] = 1,
        ["Flower.Web/WebCommand.cs"] = 1,
    };

    [Test]
    public void TimeOfDay_EachUse_IsKnown()
    {
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string path in RepositoryFiles.Find("*.cs"))
        {
            string name = Path.GetRelativePath(RepositoryFiles.Root, path);
            if (name.StartsWith("Flower.Tests/", StringComparison.Ordinal)
                || name.StartsWith("Flower.Benchmarks/", StringComparison.Ordinal))
            {
                continue;
            }

            int uses = File.ReadLines(path).Sum(line => TimeOfDay().Count(line));
            if (uses > 0)
            {
                found[name] = uses;
            }
        }

        Assert.That(found, Is.EquivalentTo(Allowed));
    }

    [GeneratedRegex(@"\bDateTime(Offset)?\.(Utc)?Now\b|\.Get(Utc|Local)Now\(|CLOCK_REALTIME|\bgettimeofday\b")]
    private static partial Regex TimeOfDay();
}
