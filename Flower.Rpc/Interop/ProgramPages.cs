// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Flower.Rpc.Interop;

/// <summary>The pages of the program that are in memory because this process has read them.</summary>
public static class ProgramPages
{
    /// <summary>
    /// Lets go of them all: what is used again is mapped again, mostly from the page cache, and the rest counts for this
    /// process no more. For a program that goes on with a small part of what its start has read. Only in a program that is
    /// compiled ahead of time, where they are many; at any time, on any thread. Libraries are left alone: while one is loaded, its
    /// mappings change.
    /// </summary>
    /// <returns>How many bytes of address space were let go of; 0: none, or /proc is missing.</returns>
    public static long LetGo()
    {
        if (RuntimeFeature.IsDynamicCodeSupported)
        {
            return 0;
        }

        long bytes = 0;
        try
        {
            // With " (deleted)", where another version has been installed, as the mappings have it then.
            string program = File.ResolveLinkTarget("/proc/self/exe", returnFinalTarget: false)!.FullName;
            (long From, long To)? range = null;
            bool isClean = false;
            foreach (string line in File.ReadLines("/proc/self/smaps"))
            {
                if (char.IsAsciiHexDigitLower(line[0]))
                {
                    range = ReadOnlyOf(program, line);
                }
                else if (line.StartsWith("Anonymous:", StringComparison.Ordinal))
                {
                    isClean = IsNone(line);
                }
                else if (range is var (from, to) && line.StartsWith("Swap:", StringComparison.Ordinal))
                {
                    // What was written, as by the dynamic linker, is in no file, whether it is in memory or not.
                    if (isClean && IsNone(line) && Native.DontNeed(from, to - from))
                    {
                        bytes += to - from;
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is only less that is let go of.
        }

        return bytes;
    }

    // Of a line as proc_pid_smaps(5) has it: a name, a colon, and kilobytes.
    private static bool IsNone(string line) => line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1).Trim().SequenceEqual("0 kB");

    // Of a line as proc_pid_maps(5) has it: address, permissions, offset, device, inode and path; null: it is another mapping.
    private static (long From, long To)? ReadOnlyOf(string program, string line)
    {
        string[] words = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        string[] ends = words[0].Split('-');
        return words.Length == 6 && words[1] is "r--p" or "r-xp" && words[5] == program
            ? (long.Parse(ends[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                long.Parse(ends[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture))
            : null;
    }
}
