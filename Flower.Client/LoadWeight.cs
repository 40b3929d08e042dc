// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Client;

/// <summary>
/// Sets the weight of a listener by the load of its machine, or another measure, at intervals: at no load the full weight, at
/// half of what can be borne half of it, from there on as little as possible. Disposing it stops that; the weight stays.
/// </summary>
public sealed class LoadWeight : IAsyncDisposable
{
    private readonly Listener _listener;
    private readonly Func<double> _load;
    private readonly int _full;
    private readonly PeriodicTimer _timer;
    private readonly Task _running;

    private LoadWeight(Listener listener, Func<double> load, int full, TimeSpan every)
    {
        _listener = listener;
        _load = load;
        _full = full;
        _timer = new(every);
        _running = RunAsync();
    }

    /// <summary>Begins.</summary>
    /// <param name="listener">Whose weight it is. Stays the caller's.</param>
    /// <param name="load">The load: 0 is none, 1 as much as can be borne. Called on the thread pool, by one caller at a time.
    /// Null: <see cref="OfMachine"/>.</param>
    /// <param name="full">The weight at no load, 1 to 65,535.</param>
    /// <param name="every">The interval; null: 5 seconds, in which the kernel takes the load average anew.</param>
    public static LoadWeight Follow(
        Listener listener, Func<double>? load = null, int full = 100, TimeSpan? every = null)
    {
        ArgumentNullException.ThrowIfNull(listener);
        ArgumentOutOfRangeException.ThrowIfLessThan(full, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(full, ushort.MaxValue);
        return new(listener, load ?? OfMachine, full, every ?? TimeSpan.FromSeconds(5));
    }

    /// <summary>The load average of the last minute for each processor (proc_loadavg(5)).</summary>
    public static double OfMachine() =>
        double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture)
        / Environment.ProcessorCount;

    /// <summary>The weight at a load: never 0, so that it is still picked now and then.</summary>
    public static int WeightAt(double load, int full) =>
        double.IsNaN(load) ? full : Math.Max(1, (int)Math.Round(full * Math.Clamp(1 - load, 0, 1)));

    /// <summary>Stops. A failure of the measure is thrown here.</summary>
    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _running.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        await LoopExit.TakeAsync();
        do
        {
            int weight = WeightAt(_load(), _full);
            if (weight != _listener.Weight)
            {
                await _listener.UpdateAsync(weight).ConfigureAwait(false);
            }
        }
        while (await _timer.WaitForNextTickAsync().ConfigureAwait(false));
    }
}
