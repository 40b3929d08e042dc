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

    private readonly Option<int> _total = new("--total")
    {
        HelpName = "N",
        Description = "Connects in one run, shared among its clients",
        DefaultValueFactory = _ => 20_000,
    };

    private readonly Option<int> _repeat = new("--repeat")
    {
        HelpName = "N",
        Description = "Runs, of which the median is printed",
        DefaultValueFactory = _ => 3,
    };

    private readonly Option<string?> _flower = new("--flower")
    {
        HelpName = "PATH",
        Description = "The flower program that runs the switchboard. Default: the one built along with this",
    };

    public ConnectBenchmark()
        : base("connect", "Measures connects between processes through a running switchboard.")
    {
        Add(_clients);
        Add(_total);
        Add(_repeat);
        Add(_flower);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        int[] clients = [.. command.GetValue(_clients)!.Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture))];
        int repeat = Math.Max(1, command.GetValue(_repeat));
        string flower = command.GetValue(_flower) ?? Role.BuiltFlower;
        DirectoryInfo directory = Directory.CreateTempSubdirectory("flower-bench-");
        try
        {
            string socket = Path.Combine(directory.FullName, "s");
            using Role board = await Role.StartBoardAsync(flower, socket, cancellationToken);
            using Role server = await Role.StartSelfAsync(["server", socket], cancellationToken);
            // One run that is not counted: the runtimes compile what is used.
            await MeasureAsync(socket, clients[^1], command.GetValue(_total), board.ProcessId, cancellationToken);
            foreach (int count in clients)
            {
                var runs = new List<Measured>();
                for (int i = 0; i < repeat; i++)
                {
                    runs.Add(await MeasureAsync(
                        socket, count, command.GetValue(_total), board.ProcessId, cancellationToken));
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

    private static async Task<Measured> MeasureAsync(
        string socket, int clients, int total, int board, CancellationToken cancellationToken)
    {
        using Role client = await Role.StartSelfAsync(
            [
                "client", socket, clients.ToString(CultureInfo.InvariantCulture),
                total.ToString(CultureInfo.InvariantCulture), board.ToString(CultureInfo.InvariantCulture),
            ],
            cancellationToken);
        return Measured.Parse(await client.ReadLineAsync(cancellationToken));
    }
}
