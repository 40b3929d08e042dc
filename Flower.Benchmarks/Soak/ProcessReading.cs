// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Benchmarks.Soak;

/// <summary>What a process has at a moment (proc(5)): resident memory, descriptors, threads.</summary>
internal readonly record struct ProcessReading(double Megabytes, int Descriptors, int Threads)
{
    public static ProcessReading Of(int processId)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}");
        Dictionary<string, string> status = File.ReadLines(folder + "/status").Select(line => line.Split(':', 2))
            .ToDictionary(parts => parts[0], parts => parts[1].Trim(), StringComparer.Ordinal);
        string kilobytes = status["VmRSS"].Replace(" kB", "", StringComparison.Ordinal);
        return new(
            long.Parse(kilobytes, CultureInfo.InvariantCulture) * 1024 / 1e6,
            Directory.GetFileSystemEntries(folder + "/fd").Count(entry => !IsRuntimes(new FileInfo(entry).LinkTarget)),
            int.Parse(status["Threads"], CultureInfo.InvariantCulture));
    }

    /// <summary>The cells of a table.</summary>
    public string ToCells() => string.Create(
        CultureInfo.InvariantCulture, $" {Megabytes:F1} | {Descriptors} | {Threads} |");

    // The runtime opens its own files when it needs them. Null: it was closed meanwhile.
    private static bool IsRuntimes(string? target) => target is null
        || target.EndsWith(".dll", StringComparison.Ordinal)
        || target.Contains(".so", StringComparison.Ordinal)
        || target.EndsWith("/dev/urandom", StringComparison.Ordinal);
}
