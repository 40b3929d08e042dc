// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Run.Box;

/// <summary>What /proc tells about a process (proc_pid_status(5)).</summary>
/// <param name="Name">The first 15 bytes of the name of its program.</param>
/// <param name="IgnoredSignals">The signals that it ignores: signal N is bit N - 1.</param>
/// <param name="InnermostId">Its id in its own pid namespace.</param>
/// <param name="IsFiltered">Whether some of its system calls are refused (seccomp(2)).</param>
internal readonly record struct ProcessStatus(string Name, ulong IgnoredSignals, int InnermostId, bool IsFiltered)
{
    /// <summary>Of this process.</summary>
    public static ProcessStatus Own => Read("/proc/self/status") ?? default;

    /// <summary>Of a process; null: it is gone.</summary>
    public static ProcessStatus? Of(int id) => Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/status"));

    /// <summary>The children that a process has now, the oldest first.</summary>
    public static IReadOnlyList<int> ChildrenOf(int id)
    {
        try
        {
            string text = File.ReadAllText(
                string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/task/{id}/children"));
            return [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(word => int.Parse(word, CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            // It is gone.
            return [];
        }
    }

    /// <summary>Whether it ignores a signal.</summary>
    public bool Ignores(int signal) => (IgnoredSignals & (1UL << (signal - 1))) != 0;

    private static ProcessStatus? Read(string path)
    {
        try
        {
            Dictionary<string, string> lines = File.ReadLines(path)
                .Select(line => line.Split(':', 2))
                .ToDictionary(parts => parts[0], parts => parts[1].Trim(), StringComparer.Ordinal);
            return new(
                lines["Name"],
                ulong.Parse(lines["SigIgn"], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                int.Parse(lines["NSpid"].Split('\t')[^1], CultureInfo.InvariantCulture),
                lines["Seccomp"] != "0");
        }
        catch (IOException)
        {
            return null;
        }
    }
}
