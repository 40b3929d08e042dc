// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.CommandLine;

/// <summary>Words in colours: those of every terminal (SGR, console_codes(4)), which its user has chosen.</summary>
public static class Colors
{
    private const string Off = "\e[0m";

    /// <summary>The text, in a colour if they are wanted. It must be printable already.</summary>
    /// <param name="text">The text.</param>
    /// <param name="ink">What it says.</param>
    /// <param name="areWanted">As <see cref="ColorOption"/> has decided.</param>
    public static string Paint(string text, Ink ink, bool areWanted) => (areWanted ? ink : Ink.Plain) switch
    {
        Ink.Good => $"\e[32m{text}{Off}",
        Ink.Notable => $"\e[33m{text}{Off}",
        Ink.Bad => $"\e[31m{text}{Off}",
        _ => text,
    };
}
