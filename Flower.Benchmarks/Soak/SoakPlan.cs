// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Benchmarks.Soak;

/// <summary>What <see cref="SoakOptions"/> say.</summary>
/// <param name="Flower">The program.</param>
/// <param name="Time">How long the load lasts.</param>
/// <param name="Every">How often a row is printed.</param>
/// <param name="Laps">How many laps each worker makes instead; 0: until the time is over.</param>
/// <param name="Pause">Between laps.</param>
/// <param name="Slower">How many times as long a connect may take at the end; 0: it is not judged.</param>
/// <param name="Larger">How many megabytes more there may be at the end, beside a tenth.</param>
internal sealed record SoakPlan(
    string Flower, TimeSpan Time, TimeSpan Every, int Laps, TimeSpan Pause, double Slower, double Larger)
{
    // A collector that has little to do comes late.
    private static readonly TimeSpan ShortestWarmUp = TimeSpan.FromMinutes(1);

    /// <summary>How long it warms up.</summary>
    public TimeSpan WarmUp => Time < ShortestWarmUp ? Time : TimeSpan.FromTicks(Math.Max(Time.Ticks / 10, ShortestWarmUp.Ticks));
}
