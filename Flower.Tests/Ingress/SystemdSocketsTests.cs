// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Ingress.Listening;
using NUnit.Framework;

namespace Flower.Tests.Ingress;

/// <summary>sd_listen_fds(3).</summary>
internal sealed class SystemdSocketsTests
{
    private const int Self = 4711;

    [Test]
    public void Read_NamesGiven_NumbersBeginAtThree() => Assert.That(
        Read("4711", "3", "web:admin"), Is.EqualTo(new[] { (3, "web"), (4, "admin"), (5, "unknown") }));

    [Test]
    public void Read_NoNames_AreUnknown() =>
        Assert.That(Read("4711", "1", null), Is.EqualTo(new[] { (3, "unknown") }));

    [TestCase(null, null)]
    [TestCase("4711", null)]
    [TestCase("4711", "")]
    [TestCase("4711", "0")]
    [TestCase("4711", "-1")]
    [TestCase("4711", "many")]
    [TestCase("4711", "9999999")]
    [TestCase("4712", "1")]
    [TestCase(null, "1")]
    [TestCase("", "1")]
    public void Read_NoneForThisProcess_SaysSo(string? pid, string? count) => Assert.That(
        () => Read(pid, count, null),
        Throws.TypeOf<ToolException>().With.Property("Code").EqualTo(69).And.Message.Contains("no socket was passed"));

    [Test]
    public void Choose_ByName_TakesAllOfTheName()
    {
        (int, string)[] passed = [(3, "web"), (4, "admin"), (5, "web")];

        Assert.That(SystemdSockets.Choose(passed, "web"), Is.EqualTo(new[] { 3, 5 }));
        Assert.That(SystemdSockets.Choose(passed, null), Is.EqualTo(new[] { 3, 4, 5 }));
        Assert.That(
            () => SystemdSockets.Choose(passed, "mail"),
            Throws.TypeOf<ToolException>().With.Message.Contains("web, admin"));
    }

    private static IReadOnlyList<(int Number, string Name)> Read(string? pid, string? count, string? names) =>
        SystemdSockets.Read(
            name => name switch
            {
                "LISTEN_PID" => pid,
                "LISTEN_FDS" => count,
                "LISTEN_FDNAMES" => names,
                _ => null,
            },
            Self);
}
