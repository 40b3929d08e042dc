// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Benchmarks;

/// <summary>What one run found: connects a second, percentiles and the switchboard's time for a connect in µs.</summary>
internal readonly record struct Measured(int Clients, double Rate, double P50, double P90, double P99, double BoardCpu)
{
    /// <summary>From the times of all connects in µs, which it sorts.</summary>
    public static Measured From(int clients, TimeSpan elapsed, double[] times, TimeSpan boardCpu)
    {
        Array.Sort(times);
        return new(
            clients,
            times.Length / elapsed.TotalSeconds,
            times[times.Length / 2],
            times[(int)(times.Length * 0.9)],
            times[(int)(times.Length * 0.99)],
            boardCpu.TotalMicroseconds / times.Length);
    }

    /// <summary>Reads what <see cref="ToWire"/> wrote.</summary>
    public static Measured Parse(string line)
    {
        double[] f = [.. line.Split(' ').Select(n => double.Parse(n, CultureInfo.InvariantCulture))];
        return new((int)f[0], f[1], f[2], f[3], f[4], f[5]);
    }

    /// <summary>The fields, separated by spaces, for the process that asked.</summary>
    public string ToWire() => string.Create(
        CultureInfo.InvariantCulture, $"{Clients} {Rate} {P50} {P90} {P99} {BoardCpu}");

    /// <summary>The line for people, in the form of the floor's.</summary>
    public string ToLine() => string.Create(
        CultureInfo.InvariantCulture,
        $"clients={Clients,-3} rate={Rate,6:F0}/s p50={P50,6:F1} p90={P90,6:F1} p99={P99,6:F1} us board_cpu={BoardCpu:F1}us");
}
