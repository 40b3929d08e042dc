// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Doctor;

/// <summary>What /proc tells of the switchboard's process (proc(5)), where this process may look.</summary>
internal sealed class DaemonProcess
{
    private readonly int _pid;

    private DaemonProcess(int pid) => _pid = pid;

    /// <summary>The most descriptors that it may have (RLIMIT_NOFILE); null: not told, or without a limit.</summary>
    public long? DescriptorLimit => Read("limits")?.Split('\n')
        .FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal))?
        .Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, { } soft, ..]
            && long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? limit : null;

    /// <summary>The process; null: it cannot be seen. In a box a number can be another process's.</summary>
    public static DaemonProcess? Of(int pid)
    {
        var process = new DaemonProcess(pid);
        return process.Read("cmdline")?.Split('\0').Contains("switchboard") == true ? process : null;
    }

    /// <summary>Whether a process is stopped by a signal.</summary>
    public static bool IsStopped(int pid) =>
        new DaemonProcess(pid).Read("status")?.Contains("\nState:\tT", StringComparison.Ordinal) == true;

    /// <summary>What its service manager does for it; null: it cannot be seen.</summary>
    public Finding? Manager()
    {
        const string check = "service-manager";
        if (Read("environ")?.Split('\0') is not { } variables)
        {
            return null;
        }

        bool isKept = variables.Any(variable =>
            variable.StartsWith("FDSTORE=", StringComparison.Ordinal) && variable is not "FDSTORE=0" and not "FDSTORE=");
        bool isTold = variables.Any(variable =>
            variable.StartsWith("NOTIFY_SOCKET=", StringComparison.Ordinal) && variable.Length > "NOTIFY_SOCKET=".Length);
        return isKept ? Finding.Ok(check, "is told when it is ready, and keeps sessions across a crash")
            : isTold ? Finding.Warning(
                check, "is told when it is ready, and keeps no sessions across a crash",
                "FileDescriptorStoreMax=65536 in its unit, with systemd 254 or flower switchboard --keep-sessions")
            : Finding.Ok(check, "none: sessions end when the switchboard crashes");
    }

    private string? Read(string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{_pid}/{file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
