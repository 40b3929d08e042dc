// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using Flower.Rpc.Interop;
using Flower.Switchboard.Attestation;
using NUnit.Framework;

namespace Flower.Tests.Attestation;

/// <summary>What /proc says of a process, and that it is believed of a live one only.</summary>
public sealed class ControlGroupFileTests
{
    [Test]
    public void Read_ThisProcess_AsProcSays()
    {
        using Descriptor self = OpenProcess(Environment.ProcessId);

        string? path = ControlGroupFile.Read(Environment.ProcessId, self)?.Path;

        Assert.That(path, Is.EqualTo(ControlGroup.Parse(File.ReadAllText("/proc/self/cgroup"))?.Path));
    }

    [Test]
    public void Read_WithoutPidFd_NotKnown() =>
        Assert.That(ControlGroupFile.Read(Environment.ProcessId, null), Is.Null);

    [Test]
    public void Read_ClosedPidFd_NotKnown()
    {
        Descriptor self = OpenProcess(Environment.ProcessId);
        self.Dispose();

        Assert.That(ControlGroupFile.Read(Environment.ProcessId, self), Is.Null);
    }

    [Test]
    public void Read_NumberOfSomebodyElseAfterTheEnd_NotKnown()
    {
        using var process = Process.Start("sleep", "60");
        using Descriptor gone = OpenProcess(process.Id);
        process.Kill();
        process.WaitForExit();

        // As if the number had been used again, by this process.
        Assert.That(ControlGroupFile.Read(Environment.ProcessId, gone), Is.Null);
    }

    private static Descriptor OpenProcess(int pid)
    {
        nint number = Native.PidFdOpen((nint)Native.SysPidFdOpen, pid, 0);
        Assert.That(number, Is.GreaterThanOrEqualTo((nint)0));
        return Descriptor.Adopt((int)number);
    }
}
