// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Rpc.Interop;

namespace Flower.Run;

/// <summary>Programs of other packages that a box is made of.</summary>
internal static class RequiredProgram
{
    /// <summary>Looks whether a program is there.</summary>
    /// <param name="option">What needs it.</param>
    /// <param name="name">The program.</param>
    /// <param name="package">Debian's package that has it.</param>
    /// <exception cref="ToolException">It is missing.</exception>
    public static void Check(string option, string name, string package)
    {
        if (Exec.Probe(name) != 0)
        {
            throw new ToolException(
                ExitCodes.Unavailable,
                $"{option} needs {package}, whose program {name} is not in PATH: apt install {package}");
        }
    }
}
