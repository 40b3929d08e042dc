// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Doctor;
using NUnit.Framework;

namespace Flower.Tests.Doctor;

/// <summary>What the doctor says of machines that this one is not.</summary>
internal sealed class MachineChecksTests
{
    [Test]
    public void Kernel_FeatureIsMissing_IsALineWithWhatIsLost()
    {
        Finding[] findings =
        [
            .. MachineChecks.Kernel(
                [new("epoll", "2.6", () => true, "nothing"), new("SO_PASSPIDFD", "6.5", () => false, "no unit is attested")]),
        ];

        Assert.That(findings.Select(f => f.Verdict), Is.EqualTo(new[] { Verdict.Ok, Verdict.Warning }));
        Assert.That(findings[0].Text, Does.EndWith(": epoll"));
        Assert.That(findings[1].Text, Is.EqualTo("no SO_PASSPIDFD: no unit is attested"));
        Assert.That(findings[1].Advice, Does.Contain("Linux 6.5"));
    }

    [Test]
    public void Kernel_ThisOne_HasWhatTheTestsUse()
    {
        string text = MachineChecks.Kernel(KernelFeature.All).First().Text;
        foreach (string name in new[] { "splice", "memfd_create", "SO_COOKIE", "SO_PEERGROUPS", "pidfd_open" })
        {
            Assert.That(text, Does.Contain(name));
        }
    }

    [TestCase("user/max_user_namespaces", 0, true, "sysctl user.max_user_namespaces=10000")]
    [TestCase("kernel/unprivileged_userns_clone", 0, false, "sysctl kernel.unprivileged_userns_clone=1")]
    [TestCase("kernel/apparmor_restrict_unprivileged_userns", 1, false, "AppArmor profile")]
    public void Namespaces_SettingForbidsThem_SaysWhatToType(string setting, long value, bool isRoot, string advice)
    {
        Finding finding = MachineChecks.Namespaces(name => name == setting ? value : null, isRoot);
        Assert.That(finding.Verdict, Is.EqualTo(Verdict.Warning));
        Assert.That(finding.Advice, Does.Contain(advice));
    }

    [TestCase("kernel/unprivileged_userns_clone", 0)]
    [TestCase("kernel/apparmor_restrict_unprivileged_userns", 1)]
    public void Namespaces_SettingForOrdinaryUsers_IsNothingToRoot(string setting, long value) => Assert.That(
        MachineChecks.Namespaces(name => name == setting ? value : 10, isRoot: true).Verdict, Is.EqualTo(Verdict.Ok));

    [TestCase(1023, Verdict.Warning)]
    [TestCase(1024, Verdict.Ok)]
    public void Descriptors_Limit_IsJudged(long limit, object expected) =>
        Assert.That(MachineChecks.Descriptors(limit).Verdict, Is.EqualTo(expected));

    [Test]
    public void Version_OfTheSwitchboardIsAnother_SaysHowToReplaceIt()
    {
        Assert.That(BoardChecks.Version(BoardChecks.OwnVersion, 7).Verdict, Is.EqualTo(Verdict.Ok));
        Finding other = BoardChecks.Version("0.0.9", 7);
        Assert.That(other.Verdict, Is.EqualTo(Verdict.Warning));
        Assert.That(other.Advice, Does.Contain("kill -USR2 7"));
    }

    [Test]
    public void Report_HostileText_IsOneLine()
    {
        var finding = Finding.Problem("socket", "/a\n\u001b[31m", "b\r");
        Assert.That(Report.Line(finding, color: false), Does.Not.Contain("\n").And.Not.Contain("\u001b").And.Not.Contain("\r"));
        string json = Report.JsonLine(finding);
        Assert.That(json, Does.Not.Contain("\n"));
        Assert.That(JsonDocument.Parse(json).RootElement.GetProperty("text").GetString(), Is.EqualTo("/a\n\u001b[31m"));
    }
}
