// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;

namespace Flower.Benchmarks.Soak;

/// <summary>How everything is while nothing is done: what a soak compares.</summary>
/// <param name="Processes">What each process has, by its name.</param>
/// <param name="Board">What the switchboard says that it has.</param>
/// <param name="ConnectMicroseconds">The median of a connect.</param>
internal sealed record SoakState(
    IReadOnlyDictionary<string, ProcessReading> Processes, string Board, double ConnectMicroseconds)
{
    /// <summary>Pools add threads when they think that it helps, and let them go later.</summary>
    public const int MoreThreads = 4;

    /// <summary>The name of this process, which makes the load.</summary>
    public const string Own = "load";

    private const int Rounds = 5;
    private const int Connects = 400;

    // .NET's pool lets idle threads go after 20 seconds.
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    /// <summary>What every process has at this moment.</summary>
    public static IReadOnlyDictionary<string, ProcessReading> ReadProcesses(SoakBoard board) =>
        board.Processes.Select(p => (p.Name, p.Id)).Append((Own, Environment.ProcessId))
            .ToDictionary(p => p.Item1, p => ProcessReading.Of(p.Item2), StringComparer.Ordinal);

    /// <summary>Waits until everything has settled, and looks.</summary>
    /// <param name="board">What is looked at.</param>
    /// <param name="before">Waits for no more than there was then, if that comes; null: for a short while.</param>
    public static async Task<SoakState> RestAsync(SoakBoard board, SoakState? before)
    {
        long began = Environment.TickCount64;
        IReadOnlyDictionary<string, ProcessReading> least = ReadProcesses(board);
        string figures = await FiguresAsync(board.Root);
        while (true)
        {
            await Task.Delay(Look);
            IReadOnlyDictionary<string, ProcessReading> now = ReadProcesses(board);
            figures = await FiguresAsync(board.Root);
            // Garbage that was not collected yet, and threads that have nothing to do, are none of what is asked for.
            least = least.ToDictionary(
                p => p.Key,
                p => new ProcessReading(
                    Math.Min(p.Value.Megabytes, now[p.Key].Megabytes),
                    now[p.Key].Descriptors,
                    Math.Min(p.Value.Threads, now[p.Key].Threads)));
            var passed = TimeSpan.FromMilliseconds(Environment.TickCount64 - began);
            bool isSettled = before is null || (figures == before.Board && least.All(
                p => (p.Key == Own || p.Value.Descriptors <= before.Processes[p.Key].Descriptors)
                    && p.Value.Threads <= before.Processes[p.Key].Threads + MoreThreads));
            if ((isSettled && passed >= Shortest) || passed >= Longest)
            {
                return new(least, figures, await ConnectAsync(board));
            }
        }
    }

    // What the switchboard has, but for what it counts and measures.
    private static async Task<string> FiguresAsync(Handle handle)
    {
        BoardStats stats = await handle.StatsAsync();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"sessions {stats.Sessions}, handles {stats.Handles}, servers {stats.Servers}, egresses {stats.Egresses}, "
            + $"resolvers {stats.Resolvers}, pending calls {stats.PendingCalls}, waiting {stats.WaitingRequests}, "
            + $"watchers {stats.Watchers}, revocable connections {stats.RevocableConnections}");
    }

    // The best of several, since the machine has other things to do.
    private static async Task<double> ConnectAsync(SoakBoard board)
    {
        double best = double.MaxValue;
        var times = new Latencies();
        var laps = new SoakLaps(board, times);
        for (int i = 0; i < Rounds; i++)
        {
            for (int j = 0; j < Connects; j++)
            {
                await laps.ConnectAsync(j);
            }

            best = Math.Min(best, times.Take().P50);
        }

        return best;
    }
}
