// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Globalization;
using Flower.CommandLine;

namespace Flower.Benchmarks.Soak;

/// <summary>
/// <c>soak</c>: a mixed load for as long as one likes, with a row of what everything has now and then, and at the end a judgement:
/// memory, descriptors, threads, latency and what the switchboard says that it has must be where they were before.
/// </summary>
internal sealed class SoakBenchmark : Command
{
    private readonly SoakOptions _options;

    public SoakBenchmark()
        : base("soak", "Runs a mixed load for a time, and says whether all is as it was before.")
    {
        _options = new(this);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        SoakPlan plan = _options.Read(command);
        await using SoakBoard board = await SoakBoard.StartAsync(plan.Flower);
        var connects = new Latencies();
        var load = new SoakLoad(plan, SoakLaps.All(board, connects));
        // What is made once is made now: the runtimes compile, pools and caches fill.
        await load.RunAsync(plan.WarmUp, cancellationToken.ThrowIfCancellationRequested);
        connects.Take();
        SoakState before = await SoakState.RestAsync(board, null);
        WriteHead(before);
        WriteState("before", load, before);
        long began = Environment.TickCount64;
        await load.RunAsync(plan.Time, () =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            WriteRow(TimeSpan.FromMilliseconds(Environment.TickCount64 - began), load, connects, board);
        });
        SoakState after = await SoakState.RestAsync(board, before);
        WriteState("after", load, after);
        Console.WriteLine();
        Console.WriteLine("before: " + before.Board);
        Console.WriteLine("after: " + after.Board);
        List<string> wrong = [.. SoakVerdict.Judge(plan, load, board, before, after)];
        wrong.ForEach(words => Console.WriteLine("WRONG: " + words));
        Console.WriteLine(wrong.Count == 0 ? "everything is where it began" : "not everything is where it began");
        return wrong.Count == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void WriteHead(SoakState state)
    {
        Console.WriteLine(
            "| s | operations | failed | p50 µs | p99 µs |"
            + string.Concat(state.Processes.Keys.Select(name => $" {name} MB | fd | threads |")));
        Console.WriteLine(
            "|---:|---:|---:|---:|---:|" + string.Concat(state.Processes.Keys.Select(_ => "---:|---:|---:|")));
    }

    private static void WriteState(string when, SoakLoad load, SoakState state) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"| {when} | {load.Operations} | {load.Failed} | {state.ConnectMicroseconds:F0} | |{Cells(state.Processes)}"));

    private static void WriteRow(TimeSpan since, SoakLoad load, Latencies connects, SoakBoard board)
    {
        (double p50, double p99) = connects.Take();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {since.TotalSeconds:F0} | {load.Operations} | {load.Failed} | {p50:F0} | {p99:F0} |"
            + $"{Cells(SoakState.ReadProcesses(board))}"));
    }

    private static string Cells(IReadOnlyDictionary<string, ProcessReading> processes) =>
        string.Concat(processes.Values.Select(reading => reading.ToCells()));
}
