// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;

namespace Flower.Benchmarks.Soak;

/// <summary>One kind of thing that is done over and over, one after another.</summary>
/// <param name="Name">What failures are called by.</param>
/// <param name="Rests">How many pauses it rests after each lap.</param>
/// <param name="Lap">Does it once; its argument is how often it was done before. What it throws is a failure.</param>
internal sealed record SoakWorker(string Name, int Rests, Func<int, Task> Lap);

/// <summary>The load: workers that run beside one another, each until it is told to stop or has made its laps.</summary>
internal sealed class SoakLoad(SoakPlan plan, IReadOnlyList<SoakWorker> workers)
{
    private const int MostWords = 20;

    // Longer than any call of a lap waits by itself.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly int[] _laps = new int[workers.Count];
    private readonly ConcurrentDictionary<string, int> _failures = new(StringComparer.Ordinal);
    private long _operations;
    private long _failed;
    private volatile bool _stops;

    /// <summary>Laps that were made, good and bad.</summary>
    public long Operations => Volatile.Read(ref _operations);

    /// <summary>Laps that went wrong.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>In what ways laps went wrong, and how often.</summary>
    public IEnumerable<string> Failures => _failures.Select(f => $"{f.Value} times: {f.Key}");

    /// <summary>Runs until the laps are made, or as long as that takes; says so each time an interval has passed.</summary>
    /// <param name="time">How long, if there are no laps to make.</param>
    /// <param name="tick">Called after each <see cref="SoakPlan.Every"/>, and at the end.</param>
    public async Task RunAsync(TimeSpan time, Action tick)
    {
        _stops = false;
        Task all = Task.WhenAll(workers.Select((worker, i) => Task.Run(() => RunAsync(worker, i))));
        long end = Environment.TickCount64 + (long)time.TotalMilliseconds;
        while (!all.IsCompleted && (plan.Laps > 0 || Environment.TickCount64 < end))
        {
            TimeSpan left = TimeSpan.FromMilliseconds(Math.Max(1, end - Environment.TickCount64));
            TimeSpan next = plan.Laps > 0 || plan.Every < left ? plan.Every : left;
            await Task.WhenAny(all, Task.Delay(next));
            tick();
        }

        _stops = true;
        await all;
    }

    private async Task RunAsync(SoakWorker worker, int index)
    {
        int most = plan.Laps == 0 ? int.MaxValue : Math.Max(1, plan.Laps / worker.Rests);
        for (int made = 0; made < most && !_stops; made++)
        {
            try
            {
                await worker.Lap(_laps[index]++).WaitAsync(Patience);
            }
            catch (Exception e)
            {
                // Whatever it is, it is what the soak looks for; it goes on, and says so at the end.
                OnFailure($"{worker.Name}: {e.GetType().Name}: {e.Message} {e.InnerException?.Message}");
            }

            Interlocked.Increment(ref _operations);
            await Task.Delay(plan.Pause * worker.Rests);
        }
    }

    private void OnFailure(string words)
    {
        Interlocked.Increment(ref _failed);
        if (_failures.Count < MostWords || _failures.ContainsKey(words))
        {
            _failures.AddOrUpdate(words, 1, static (_, count) => count + 1);
        }
    }
}
