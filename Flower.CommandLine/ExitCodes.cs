// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.CommandLine;

/// <summary>How a tool tells a script what went wrong: the numbers of sysexits.h.</summary>
public static class ExitCodes
{
    /// <summary>It worked.</summary>
    public const int Ok = 0;

    /// <summary>Something else went wrong.</summary>
    public const int Failed = 1;

    /// <summary>EX_USAGE: the command line, or a label on it, is wrong.</summary>
    public const int Usage = 64;

    /// <summary>
    /// EX_UNAVAILABLE: no switchboard; nothing or too much matches; the other side refused or took too long.
    /// </summary>
    public const int Unavailable = 69;

    /// <summary>EX_NOPERM: the handle, or the file system, does not allow it.</summary>
    public const int Denied = 77;

    /// <summary>EX_CONFIG: the configuration file is wrong, or cannot be read.</summary>
    public const int Configuration = 78;

    /// <summary>The command that was to be run is there, but cannot be executed: as in a shell.</summary>
    public const int NotExecutable = 126;

    /// <summary>The command that was to be run does not exist: as in a shell.</summary>
    public const int NoCommand = 127;
}
