// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz.Simulation;

/// <summary>What happened in histories: one in which nothing happens breaks nothing.</summary>
/// <param name="Made">Connections of which both sides were told.</param>
/// <param name="Named">Connects that were led to a target by a resolver.</param>
/// <param name="Tapped">Connections that a tap was given.</param>
/// <param name="Started">Connects that were offered to a server which an activator had started.</param>
/// <param name="Revoked">Handles that were taken back.</param>
/// <param name="TakeOvers">How often another switchboard took over.</param>
internal readonly record struct HistoryTally(int Made, int Named, int Tapped, int Started, int Revoked, int TakeOvers)
{
    public static HistoryTally operator +(HistoryTally one, HistoryTally other) => new(
        one.Made + other.Made, one.Named + other.Named, one.Tapped + other.Tapped, one.Started + other.Started,
        one.Revoked + other.Revoked, one.TakeOvers + other.TakeOvers);
}
