// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Benchmarks;

/// <summary>
/// <c>footprint</c>: how long programs take to start, and what memory a switchboard takes: idle, for each idle session and
/// for each registered server.
/// </summary>
internal sealed class FootprintBenchmark : Command
{
    private const int Rounds = 5;
    private const int WarmUp = 100;

    // Some kilobytes each: many times what is collected at once.
    private const int Refused = 10_000;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    private readonly RunOptions _run;

    public FootprintBenchmark()
        : base("footprint", "Measures the start of programs, and the memory of a switchboard.")
    {
        _run = new(this, ("Sessions, and then servers, that are added", 5_000), ("Starts, of which the median is printed", 15));
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        string flower = _run.Flower(command);
        DirectoryInfo directory = Directory.CreateTempSubdirectory("flower-bench-");
        try
        {
            string socket = Path.Combine(directory.FullName, "s");
            await SayMedianAsync("true ms", command, () => RunToEndAsync("true"));
            await SayMedianAsync("flower cat --help ms", command, () => RunToEndAsync(flower, "cat", "--help"));
            await SayMedianAsync(
                "switchboard, exec to first answer ms", command, () => StartBoardAsync(flower, socket, cancellationToken));
            await MeasureCatAsync(flower, Path.Combine(directory.FullName, "cat"), command, cancellationToken);
            await MeasureMemoryAsync(flower, socket, _run.Total(command), cancellationToken);
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        return ExitCodes.Ok;
    }

    private async Task SayMedianAsync(string what, ParseResult command, Func<Task> once)
    {
        double[] times = new double[_run.Repeat(command)];
        for (int i = 0; i < times.Length; i++)
        {
            long began = Stopwatch.GetTimestamp();
            await once();
            times[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }

        Array.Sort(times);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what}: {times[(times.Length - 1) / 2]:F1}"));
    }

    private static async Task RunToEndAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}");
        }
    }

    // Its end, which is no part of its start, is a kill.
    private static async Task StartBoardAsync(string flower, string socket, CancellationToken cancellationToken)
    {
        File.Delete(socket);
        using Role board = Role.Start(flower, "switchboard", "--listen", socket);
        await using Handle handle = await OpenSoonAsync(socket, cancellationToken);
        await foreach (TargetInfo _ in handle.ListAsync(LabelSet.Empty, cancellationToken))
        {
        }
    }

    private static async Task<Handle> OpenSoonAsync(string socket, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await Handle.OpenAsync(socket, cancellationToken: cancellationToken);
            }
            catch (FlowerException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Thread.Yield();
            }
        }
    }

    // To its end, which the server makes as soon as it has the connection.
    private async Task MeasureCatAsync(
        string flower, string socket, ParseResult command, CancellationToken cancellationToken)
    {
        using Role board = await Role.StartBoardAsync(flower, socket, cancellationToken);
        using Role server = await Role.StartSelfAsync(["server", socket], cancellationToken);
        await SayMedianAsync(
            "flower cat, exec to connected, closed and ended ms",
            command,
            () => RunToEndAsync(flower, "cat", "--switchboard", socket, ServerRole.Labels.ToString()));
    }

    private static async Task MeasureMemoryAsync(
        string flower, string socket, int count, CancellationToken cancellationToken)
    {
        File.Delete(socket);
        using Role board = await Role.StartBoardAsync(flower, socket, cancellationToken);
        long idle = await RestingAsync(board, cancellationToken);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"idle MB: {idle / 1e6:F1}"));

        // Before those that are counted, some by which the program comes into memory that they all need.
        var handles = new List<Handle>();
        await OpenAsync(handles, socket, WarmUp, cancellationToken);
        await ListenAsync(handles, 0, WarmUp, cancellationToken);
        long warm = await CollectedAsync(board, handles[0], cancellationToken);
        await OpenAsync(handles, socket, count, cancellationToken);
        long withSessions = await CollectedAsync(board, handles[0], cancellationToken);
        Say("each idle session", withSessions - warm, count);
        await ListenAsync(handles, WarmUp, count, cancellationToken);
        long withServers = await CollectedAsync(board, handles[0], cancellationToken);
        Say("each registered server", withServers - withSessions, count);
        foreach (Handle handle in handles)
        {
            await handle.DisposeAsync();
        }
    }

    // What one makes garbage of is collected several times, so that what is left of it, and the room for it, are the same each time.
    private static async Task<long> CollectedAsync(Role board, Handle handle, CancellationToken cancellationToken)
    {
        LabelSet nobody = LabelSet.Create(("service", "nobody"));
        for (int i = 0; i < Refused; i++)
        {
            try
            {
                (await handle.ConnectAsync(nobody, null, cancellationToken)).Dispose();
            }
            catch (FlowerException)
            {
                // As it should be.
            }
        }

        return await RestingAsync(board, cancellationToken);
    }

    // Each has made a call, as a session that rests has.
    private static async Task OpenAsync(
        List<Handle> handles, string socket, int count, CancellationToken cancellationToken)
    {
        for (int i = 0; i < count; i++)
        {
            Handle handle = await Handle.OpenAsync(socket, cancellationToken: cancellationToken);
            handles.Add(handle);
            (await handle.ConstrainToDescriptorAsync([], LabelSet.Empty, LabelSet.Empty, cancellationToken)).Dispose();
        }
    }

    private static async Task ListenAsync(
        List<Handle> handles, int from, int count, CancellationToken cancellationToken)
    {
        for (int i = from; i < from + count; i++)
        {
            await handles[i].ListenAsync(
                LabelSet.Create(("service", "bench"), ("instance", i.ToString(CultureInfo.InvariantCulture))),
                null,
                cancellationToken);
        }
    }

    private static void Say(string what, long bytes, int count) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} bytes: {bytes / count}"));

    // The least of several looks: garbage that was not collected yet is none of what is asked for.
    private static async Task<long> RestingAsync(Role board, CancellationToken cancellationToken)
    {
        long least = long.MaxValue;
        for (int i = 0; i < Rounds; i++)
        {
            await Task.Delay(Settling / Rounds, cancellationToken);
            string line = File.ReadLines($"/proc/{board.ProcessId}/smaps_rollup")
                .First(text => text.StartsWith("Rss:", StringComparison.Ordinal));
            string kilobytes = line["Rss:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
            least = Math.Min(least, 1024 * long.Parse(kilobytes, CultureInfo.InvariantCulture));
        }

        return least;
    }
}
