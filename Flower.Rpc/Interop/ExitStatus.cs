// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Rpc.Interop;

/// <summary>How a process ended (wait(2)).</summary>
/// <param name="Code">What it exited with, 0 to 255; 0 when a signal ended it.</param>
/// <param name="Signal">The signal that ended it; 0 when it exited.</param>
public readonly record struct ExitStatus(int Code, int Signal)
{
    // signal(7), x86-64 and arm64.
    private static readonly string[] Names =
    [
        "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ];

    /// <summary>Whether it exited with 0.</summary>
    public bool IsSuccess => Code == 0 && Signal == 0;

    /// <summary>The code as a shell has it: 128 and the signal's number for a process that a signal ended.</summary>
    public int ShellCode => Signal == 0 ? Code : 128 + Signal;

    /// <summary><c>exited with 1</c>, or <c>killed by SIGKILL</c>.</summary>
    public override string ToString() => Signal == 0
        ? string.Create(CultureInfo.InvariantCulture, $"exited with {Code}")
        : "killed by " + (Signal < Names.Length
            ? "SIG" + Names[Signal]
            : string.Create(CultureInfo.InvariantCulture, $"signal {Signal}"));
}
