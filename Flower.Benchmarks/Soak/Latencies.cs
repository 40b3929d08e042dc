// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Benchmarks.Soak;

/// <summary>Times in µs since they were last taken. Thread-safe.</summary>
internal sealed class Latencies
{
    private readonly Lock _lock = new();
    private List<double> _times = [];

    public void Add(TimeSpan time)
    {
        lock (_lock)
        {
            _times.Add(time.TotalMicroseconds);
        }
    }

    /// <summary>The median and the 99th percentile of what came since the last call; 0: nothing came.</summary>
    public (double P50, double P99) Take()
    {
        List<double> times;
        lock (_lock)
        {
            times = _times;
            _times = [];
        }

        times.Sort();
        return times.Count == 0 ? (0, 0) : (times[times.Count / 2], times[(int)(times.Count * 0.99)]);
    }
}
