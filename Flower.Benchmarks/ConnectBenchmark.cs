// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Globalization;
using Flower.CommandLine;

namespace Flower.Benchmarks;

/// <summary>
/// <c>connect</c>: client → switchboard → server → switchboard → client, each of the three in a process of its own.
/// Prints one line per number of concurrent clients, the median of the repeats by rate.
/// </summary>
internal sealed class ConnectBenchmark : Command
{
    private readonly Option<string> _clients = new("--clients")
    {
        HelpName = "N,…",
        Description = "The numbers of concurrent clients, each with a session of its own",
        DefaultValueFactory = _ => "1,2,8,32",
    };

    private readonly Option<int> _targets = new("--targets")
    {
        HelpName = "N",
        Description = "Servers that are registered besides, under other labels",
    };

    private readonly RunOptions _run;

    public ConnectBenchmark()
        : base("connect", "Measures connects between processes through a running switchboard.")
    {
        Add(_clients);
        Add(_targets);
        _run = new(
            this,
            ("Connects in one run, shared among its clients", 20_000),
            ("Runs, of which the median is printed", 3));
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        int[] clients = [.. command.GetValue(_clients)!.Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture))];
        int repeat = _run.Repeat(command);
        string flower = _run.Flower(command);
        DirectoryInfo directory = Directory.CreateTempSubdirectory("flower-bench-");
        try
        {
            string socket = Path.Combine(directory.FullName, "s");
            using Role board = await Role.StartBoardAsync(flower, socket, cancellationToken);
            using Role server = await Role.StartSelfAsync(["server", socket], cancellationToken);
            using Role? others = command.GetValue(_targets) is int targets and > 0
                ? await Role.StartSelfAsync(
                    ["targets", socket, targets.ToString(CultureInfo.InvariantCulture)], cancellationToken)
                : null;
            // One run that is not counted: the runtimes compile what is used.
            await Role.MeasureAsync(socket, clients[^1], _run.Total(command), board.ProcessId, cancellationToken);
            foreach (int count in clients)
            {
                var runs = new List<Measured>();
                for (int i = 0; i < repeat; i++)
                {
                    runs.Add(await Role.MeasureAsync(
                        socket, count, _run.Total(command), board.ProcessId, cancellationToken));
                }

                runs.Sort((a, b) => a.Rate.CompareTo(b.Rate));
                Console.WriteLine($"flower {runs[(runs.Count - 1) / 2].ToLine()}");
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        return ExitCodes.Ok;
    }
}
