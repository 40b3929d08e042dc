// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Rpc.Interop;

namespace Flower.Run;

/// <summary>Programs of other packages that a box is made of.</summary>
internal static class RequiredProgram
{
    // Where Debian has them, which is not in the PATH of ordinary users.
    private static readonly string[] SystemFolders = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

    /// <summary>Looks for a program, in PATH and where system programs are.</summary>
    /// <param name="option">What needs it.</param>
    /// <param name="name">The program.</param>
    /// <param name="package">Debian's package that has it.</param>
    /// <returns>How to start it.</returns>
    /// <exception cref="ToolException">It is missing.</exception>
    public static string Find(string option, string name, string package)
    {
        IEnumerable<string> places = SystemFolders.Select(folder => Path.Combine(folder, name)).Prepend(name);
        return places.FirstOrDefault(place => Exec.Probe(place) == 0) ?? throw new ToolException(
            ExitCodes.Unavailable,
            $"{option} needs {package}, whose program {name} is not in PATH: apt install {package}");
    }
}
