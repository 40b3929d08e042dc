// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;

namespace Flower.Run;

/// <summary>Programs of other packages that a box is made of.</summary>
internal static class RequiredProgram
{
    /// <summary>Looks for a program, in PATH and where system programs are.</summary>
    /// <param name="option">What needs it.</param>
    /// <param name="name">The program.</param>
    /// <param name="package">Debian's package that has it.</param>
    /// <returns>How to start it.</returns>
    /// <exception cref="ToolException">It is missing.</exception>
    public static string Find(string option, string name, string package) => SystemProgram.Find(name)
        ?? throw new ToolException(
            ExitCodes.Unavailable,
            $"{option} needs {package}, whose program {name} is not in PATH: apt install {package}");
}
