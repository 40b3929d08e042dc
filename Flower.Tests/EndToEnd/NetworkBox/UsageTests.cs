// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>Command lines of <c>flower run --box</c> that are wrong.</summary>
[Category("EndToEnd")]
public sealed class UsageTests
{
    [TestCase("--publish", "--box", "--publish", "service=www", TestName = "no port")]
    [TestCase("--publish", "--box", "--publish", "8080", TestName = "no labels")]
    [TestCase("--publish", "--box", "--publish", "8080=", TestName = "empty labels")]
    [TestCase("--publish", "--box", "--publish", "0=service=www", TestName = "port 0")]
    [TestCase("--publish", "--box", "--publish", "65536=service=www", TestName = "port too large")]
    [TestCase("--publish", "--box", "--publish", "-1=service=www", TestName = "negative port")]
    [TestCase("--publish", "--box", "--publish", "80x=service=www", TestName = "port with letters")]
    [TestCase("--publish", "--box", "--publish", "8080=service", TestName = "labels that are none")]
    [TestCase("--publish", "--box", "--publish", "8080=service=a service=b", TestName = "labels that contradict")]
    [TestCase(
        "--publish", "--box", "--publish", "8080=service=a", "--publish", "8080=service=b", TestName = "port twice")]
    [TestCase("--publish", "--publish", "8080=service=www", TestName = "--publish without --box")]
    [TestCase("--send-proxy", "--send-proxy", TestName = "--send-proxy without --box")]
    [TestCase("--send-proxy", "--box", "--send-proxy", TestName = "--send-proxy without --publish")]
    [TestCase("--handle", "--handle", TestName = "--handle without --box")]
    [TestCase("--no-network", "--box", "--no-network", TestName = "--box with --no-network")]
    [TestCase("--bind", "--box", "--bind", "/no/where", TestName = "--bind of nothing")]
    [TestCase("--ro-bind", "--box", "--ro-bind", "/no/where", TestName = "--ro-bind of nothing")]
    [TestCase("--bwrap", "--bwrap", "--tmpfs /mnt", TestName = "--bwrap without --box")]
    [TestCase("--bwrap", "--box", "--bwrap", "--share-net", TestName = "--bwrap that opens the network")]
    [TestCase("--bwrap", "--box", "--bwrap", "--cap-add ALL", TestName = "--bwrap that gives capabilities")]
    [TestCase("--bwrap", "--box", "--bwrap", "--tmpfs", TestName = "--bwrap without its value")]
    public async Task CommandLine_Wrong_NamesTheOption(string option, params string[] options)
    {
        string marker = Path.Combine(Path.GetTempPath(), $"flower-test-{Guid.NewGuid():N}");

        // No switchboard is asked.
        await using FlowerProcess run = FlowerProcess.Start(
            Programs.Flower, ["run", .. options, "--", "touch", marker], switchboard: "/no/where");

        Assert.That(await run.ExitAsync(), Is.EqualTo(64), run.Error.ToString());
        Assert.That(File.Exists(marker), Is.False);
        Assert.That(run.Error.ToString(), Does.Contain("flower run: ").And.Contain(option));
        Assert.That(run.Out.Lines, Is.Empty);
    }
}
