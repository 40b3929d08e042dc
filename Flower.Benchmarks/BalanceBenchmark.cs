// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Globalization;
using Flower.CommandLine;

namespace Flower.Benchmarks;

/// <summary>
/// <c>balance</c>: what a connect costs when one of many servers is picked, compared with one server. The runs of all
/// numbers of servers take turns, so that what else the machine does meets them alike.
/// </summary>
internal sealed class BalanceBenchmark : Command
{
    private static readonly string[] Ways = ["weighted", "round-robin", "least"];

    private readonly Option<string> _servers = new("--servers")
    {
        HelpName = "N,…",
        Description = "The numbers of servers that match equally well, one process registers all",
        DefaultValueFactory = _ => "1,10,100,1000",
    };

    private readonly RunOptions _run;

    public BalanceBenchmark()
        : base("balance", "Measures connects to one of many servers that match equally well.")
    {
        Add(_servers);
        _run = new(
            this,
            ("Connects in one run, one after another", 5_000),
            ("Runs, of which the median is printed", 5));
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        int[] servers = [.. command.GetValue(_servers)!.Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture))];
        int repeat = _run.Repeat(command);
        string flower = _run.Flower(command);
        DirectoryInfo directory = Directory.CreateTempSubdirectory("flower-bench-");
        try
        {
            string socket = Path.Combine(directory.FullName, "s");
            using Role board = await Role.StartBoardAsync(flower, socket, cancellationToken);
            var runs = new Dictionary<(string Way, int Servers), List<Measured>>();
            // The first round is not counted: the runtimes compile what is used.
            for (int i = 0; i <= repeat; i++)
            {
                foreach (int count in servers)
                {
                    using Role server = await Role.StartSelfAsync(
                        ["server", socket, "--count", count.ToString(CultureInfo.InvariantCulture)], cancellationToken);
                    foreach (string way in Ways)
                    {
                        Measured run = await Role.MeasureAsync(
                            socket, 1, _run.Total(command), board.ProcessId, cancellationToken, "--balance", way);
                        if (i > 0)
                        {
                            runs.TryAdd((way, count), []);
                            runs[(way, count)].Add(run);
                        }
                    }
                }
            }

            foreach (string way in Ways)
            {
                Measured one = Median(runs[(way, servers[0])]);
                foreach (int count in servers)
                {
                    Measured median = Median(runs[(way, count)]);
                    Console.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{way,-12} servers={count,-5} ratio={median.P50 / one.P50:F2} {median.ToLine()}"));
                }
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        return ExitCodes.Ok;
    }

    private static Measured Median(List<Measured> runs)
    {
        runs.Sort((a, b) => a.P50.CompareTo(b.P50));
        return runs[(runs.Count - 1) / 2];
    }
}
