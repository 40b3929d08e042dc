// SPDX-License-Identifier: BSD-2-Clause
using Flower.Switchboard.Attestation;
using NUnit.Framework;

namespace Flower.Tests.Attestation;

/// <summary>Which systemd units the paths of control groups name.</summary>
public sealed class ControlGroupTests
{
    [TestCase("/", null, null)]
    [TestCase("/init.scope", "init.scope", null)]
    [TestCase("/system.slice", null, null)]
    [TestCase("/system.slice/nginx.service", "nginx.service", null)]
    [TestCase("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", null)]
    [TestCase(@"/system.slice/system-systemd\x2dfsck.slice/systemd-fsck@dev-sda1.service", "systemd-fsck@dev-sda1.service", null)]
    [TestCase("/system.slice/docker-4f1d.scope", "docker-4f1d.scope", null)]
    [TestCase("/system.slice/docker-4f1d.scope/init.scope", "docker-4f1d.scope", null)]
    [TestCase(
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-ab.scope",
        "cri-containerd-ab.scope",
        null)]
    [TestCase("/system.slice/_cpu.service", "cpu.service", null)]
    [TestCase("/system.slice/__strange.service", "_strange.service", null)]
    [TestCase("/system.slice/dbus.socket", "dbus.socket", null)]
    [TestCase("/user.slice/user-1000.slice/session-2.scope", "session-2.scope", null)]
    [TestCase("/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service", "init.scope")]
    [TestCase(
        "/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-1.scope",
        "user@1000.service",
        "vte-spawn-1.scope")]
    [TestCase(
        "/user.slice/user-1000.slice/user@1000.service/app.slice/backup.service/payload",
        "user@1000.service",
        "backup.service")]
    [TestCase("/user.slice/user-1000.slice/user@1000.service/backup.service", "user@1000.service", "backup.service")]
    public void Units_RealPath_AsSystemdSeesThem(string path, string? unit, string? userUnit)
    {
        var group = new ControlGroup(path);

        Assert.That(group.Unit, Is.EqualTo(unit));
        Assert.That(group.UserUnit, Is.EqualTo(userUnit));
    }

    // Made by somebody to whom the part above was delegated, or by no systemd at all.
    [TestCase("/system.slice/mine.service/system.slice/backup.service", "mine.service", null)]
    [TestCase("/system.slice/mine.service/user@0.service/backup.service", "mine.service", null)]
    [TestCase("/system.slice/user@me.service/backup.service", "user@me.service", null)]
    [TestCase("/docker/4f1d", null, null)]
    [TestCase("/docker/backup.service", null, null)]
    [TestCase("/../backup.service", null, null)]
    [TestCase("/system.slice/getty@.service", null, null)]
    [TestCase("/system.slice/@x.service", null, null)]
    [TestCase("/system.slice/.service", null, null)]
    [TestCase("/system.slice/a b.service", null, null)]
    [TestCase("/system.slice/x.timer", null, null)]
    [TestCase("/a@b.slice/backup.service", null, null)]
    [TestCase("/.slice/backup.service", null, null)]
    public void Units_PathThatImitates_NotTaken(string path, string? unit, string? userUnit) =>
        Units_RealPath_AsSystemdSeesThem(path, unit, userUnit);

    [Test]
    public void Units_NameTooLong_None() =>
        Assert.That(new ControlGroup($"/system.slice/{new string('a', 250)}.service").Unit, Is.Null);

    [TestCase("0::/system.slice/a.service\n", "/system.slice/a.service")]
    [TestCase("9:name=systemd:/x\n4:memory:/y\n0::/\n", "/")]
    [TestCase("1:name=systemd:/system.slice/a.service\n", null)]
    [TestCase("", null)]
    public void Parse_ProcFile_LineOfVersionTwo(string file, string? path) =>
        Assert.That(ControlGroup.Parse(file)?.Path, Is.EqualTo(path));
}
