// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Run.Box;

/// <summary>The terminal that this process belongs to (proc_pid_stat(5), tcgetpgrp(3)).</summary>
internal static class ControllingTerminal
{
    private const int None = -1;

    /// <summary>Whether there is one.</summary>
    public static bool Exists => ForegroundGroup(out _) != None;

    /// <summary>Whether what is typed there, such as Ctrl-C, goes to this process's group.</summary>
    public static bool IsOurs => ForegroundGroup(out int own) is not None and int group && group == own;

    private static int ForegroundGroup(out int own)
    {
        // After the name, which may have spaces and brackets in it: state, parent, group, session, terminal, tpgid.
        string text = File.ReadAllText("/proc/self/stat");
        string[] fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        own = int.Parse(fields[2], CultureInfo.InvariantCulture);
        return int.Parse(fields[5], CultureInfo.InvariantCulture);
    }
}
