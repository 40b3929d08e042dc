// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.CommandLine;

/// <summary>Programs of other packages that a tool starts.</summary>
public static class SystemProgram
{
    // Where Debian has them, which is not in the PATH of ordinary users.
    private static readonly string[] Folders = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

    /// <summary>Looks for a program, in PATH and where system programs are.</summary>
    /// <returns>How to start it; null: it is missing.</returns>
    public static string? Find(string name) => Folders.Select(folder => Path.Combine(folder, name)).Prepend(name)
        .FirstOrDefault(place => Exec.Probe(place) == 0);
}
