// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Flower.CommandLine;

namespace Flower.Benchmarks;

/// <summary>
/// <c>box</c>: what <c>flower run --box</c> costs a program: when it starts, when it connects, and for each byte; against the
/// same program outside, over loopback. In the box, each connection goes to the board, to an egress, and is relayed.
/// </summary>
internal sealed class BoxBenchmark : Command
{
    private const long BulkBytes = 1L << 30;

    private readonly RunOptions _run;

    public BoxBenchmark()
        : base("box", "Measures what a box costs the program in it.")
    {
        _run = new(
            this, ("Connects in one run", 4000), ("Runs of each, in turn, of which the median is printed", 5));
        this.SetRun(RunAsync);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(sorted.Length - 1) / 2];
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("flower-bench-");
        try
        {
            string flower = _run.Flower(command);
            string socket = Path.Combine(directory.FullName, "s");
            using Role board = await Role.StartBoardAsync(flower, socket, cancellationToken);
            Environment.SetEnvironmentVariable("FLOWER_SWITCHBOARD", "unix:" + socket);
            using Role server = await Role.StartSelfAsync(["tcp-server"], cancellationToken);
            string port = await server.ReadLineAsync(cancellationToken);
            using Role egress = Role.Start(
                flower, "egress", "connect", "--allow", $"127.0.0.1:{port}", "network=loopback");
            string[] box = [flower, "run", "--box", "--"];
            int repeat = _run.Repeat(command);
            await StartUpAsync(flower, repeat);
            foreach (int clients in new[] { 1, 8 })
            {
                int total = _run.Total(command);
                await CompareAsync(
                    $"connects/s, {clients} at once", box, repeat, seconds => total / seconds, cancellationToken,
                    port, Text(clients), Text(total), "1");
            }

            await CompareAsync(
                "GB/s", box, repeat, seconds => BulkBytes / 1e9 / seconds, cancellationToken,
                port, "1", "1", Text(BulkBytes));
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        return ExitCodes.Ok;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static async Task StartUpAsync(string flower, int repeat)
    {
        string[][] commands =
            [["true"], ["bwrap", "--dev-bind", "/", "/", "--unshare-all", "true"], [flower, "run", "--box", "--", "true"]];
        double[][] milliseconds = [new double[repeat], new double[repeat], new double[repeat]];
        for (int i = 0; i < repeat; i++)
        {
            for (int j = 0; j < commands.Length; j++)
            {
                long began = Stopwatch.GetTimestamp();
                using Process process = Process.Start(commands[j][0], commands[j][1..]);
                await process.WaitForExitAsync();
                milliseconds[j][i] = process.ExitCode == 0
                    ? Stopwatch.GetElapsedTime(began).TotalMilliseconds
                    : throw new InvalidOperationException($"{string.Join(' ', commands[j])} failed");
            }
        }

        double[] medians = [.. milliseconds.Select(Median)];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"start ms: bare {medians[0]:F1}, bwrap {medians[1]:F1}, box {medians[2]:F1}"));
    }

    // In turn, so that what else the machine does meets both.
    private static async Task CompareAsync(
        string what,
        string[] box,
        int repeat,
        Func<double, double> figure,
        CancellationToken cancellationToken,
        params string[] client)
    {
        List<double> direct = [];
        List<double> boxed = [];
        for (int i = 0; i < repeat; i++)
        {
            direct.Add(figure(await SecondsAsync([], client, cancellationToken)));
            boxed.Add(figure(await SecondsAsync(box, client, cancellationToken)));
        }

        double[] medians = [Median(direct), Median(boxed)];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: direct {medians[0]:F2}, box {medians[1]:F2}, ratio {medians[1] / medians[0]:F2}"));
    }

    private static async Task<double> SecondsAsync(
        string[] before, string[] client, CancellationToken cancellationToken)
    {
        using Role role = await Role.StartSelfAsync(["tcp-client", .. client], cancellationToken, before);
        return double.Parse(await role.ReadLineAsync(cancellationToken), CultureInfo.InvariantCulture);
    }
}
