// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.CommandLine;

/// <summary>The program that this process is, to be started once more.</summary>
public static class OwnProgram
{
    /// <summary>Its path and, where another program runs it (dotnet Flower.dll), the path of what that runs.</summary>
    public static IReadOnlyList<string> Words
    {
        get
        {
            string path = Environment.ProcessPath!;
            return Path.GetFileNameWithoutExtension(path) == "dotnet" ? [path, Environment.GetCommandLineArgs()[0]] : [path];
        }
    }
}
