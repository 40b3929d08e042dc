// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Benchmarks.Soak;

/// <summary>Whether everything is where it began.</summary>
internal static class SoakVerdict
{
    // What the runtime may open for itself in the process that makes the load.
    private const int OfTheRuntime = 4;

    /// <summary>What is not as it should be; nothing: all is well.</summary>
    public static IEnumerable<string> Judge(
        SoakPlan plan, SoakLoad load, SoakBoard board, SoakState before, SoakState after)
    {
        foreach (SoakProcess process in board.Processes)
        {
            if (process.HasExited)
            {
                yield return $"the {process.Name} has ended";
            }

            foreach (string line in process.Faults)
            {
                yield return $"the {process.Name} says: {line}";
            }
        }

        foreach (string failure in load.Failures)
        {
            yield return failure;
        }

        if (after.Board != before.Board)
        {
            yield return "the switchboard has something else than before";
        }

        foreach ((string name, ProcessReading had) in before.Processes)
        {
            ProcessReading has = after.Processes[name];
            double most = (had.Megabytes * 1.1) + plan.Larger;
            if (has.Megabytes > most)
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture, $"the {name} has {has.Megabytes:F1} MB, and may have {most:F1}");
            }

            if (has.Descriptors > had.Descriptors + (name == SoakState.Own ? OfTheRuntime : 0))
            {
                yield return $"the {name} has {has.Descriptors} descriptors, and had {had.Descriptors}";
            }

            if (has.Threads > had.Threads + SoakState.MoreThreads)
            {
                yield return $"the {name} has {has.Threads} threads, and had {had.Threads}";
            }
        }

        if (plan.Slower > 0 && after.ConnectMicroseconds > before.ConnectMicroseconds * plan.Slower)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"a connect takes {after.ConnectMicroseconds:F0} µs, and took {before.ConnectMicroseconds:F0}");
        }
    }
}
