// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Globalization;
using Flower.CommandLine;

namespace Flower.Benchmarks;

/// <summary>
/// <c>flood</c>: how long one client's connects take while another user floods the board, against when nobody does. The
/// flood is bounded by the default quotas of a user. Only root can start it.
/// </summary>
internal sealed class FloodBenchmark : Command
{
    // An uid that needs no account.
    private const string Flooder = "61001";

    private readonly Option<int> _clients = new("--clients")
    {
        HelpName = "N",
        Description = "Clients that flood, each with a session of its own",
        DefaultValueFactory = _ => 8,
    };

    private readonly Option<int> _total = new("--total")
    {
        HelpName = "N",
        Description = "Connects of the one client in one run",
        DefaultValueFactory = _ => 5000,
    };

    private readonly Option<int> _repeat = new("--repeat")
    {
        HelpName = "N",
        Description = "Pairs of runs, quiet and flooded, of which the median by ratio is printed",
        DefaultValueFactory = _ => 5,
    };

    private readonly Option<string?> _flower = new("--flower")
    {
        HelpName = "PATH",
        Description = "The flower program that runs the switchboard. Default: the one built along with this",
    };

    public FloodBenchmark()
        : base("flood", "Measures what a flood of one user costs another one. For root.")
    {
        Add(_clients);
        Add(_total);
        Add(_repeat);
        Add(_flower);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("flower-bench-");
        try
        {
            File.SetUnixFileMode(directory.FullName, (UnixFileMode)0x1ed);
            string socket = Path.Combine(directory.FullName, "s");
            string config = Path.Combine(directory.FullName, "config.json");
            await File.WriteAllTextAsync(
                config, $$"""{ "grants": [ { "who": "uid:{{Flooder}}", "rights": "all" } ] }""", cancellationToken);
            using Role board = await Role.StartBoardAsync(
                command.GetValue(_flower) ?? Role.BuiltFlower, socket, cancellationToken, "--config", config);
            using Role server = await Role.StartSelfAsync(["server", socket], cancellationToken);
            string total = command.GetValue(_total).ToString(CultureInfo.InvariantCulture);
            string[] client = ["client", socket, "1", total, board.ProcessId.ToString(CultureInfo.InvariantCulture)];
            // One run that is not counted: the runtimes compile what is used.
            await MeasureAsync(client, cancellationToken);
            var pairs = new List<(Measured Quiet, Measured Flooded)>();
            for (int i = 0; i < Math.Max(1, command.GetValue(_repeat)); i++)
            {
                Measured quiet = await MeasureAsync(client, cancellationToken);
                using Role flood = await Role.StartSelfAsync(
                    ["flooding", socket, command.GetValue(_clients).ToString(CultureInfo.InvariantCulture)],
                    cancellationToken, Flooder);
                pairs.Add((quiet, await MeasureAsync(client, cancellationToken)));
            }

            pairs.Sort((a, b) => Ratio(a).CompareTo(Ratio(b)));
            (Measured Quiet, Measured Flooded) median = pairs[(pairs.Count - 1) / 2];
            Console.WriteLine($"quiet   {median.Quiet.ToLine()}");
            Console.WriteLine($"flooded {median.Flooded.ToLine()}");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"p99 flooded / quiet = {Ratio(median):F2}"));
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        return ExitCodes.Ok;
    }

    private static double Ratio((Measured Quiet, Measured Flooded) pair) => pair.Flooded.P99 / pair.Quiet.P99;

    private static async Task<Measured> MeasureAsync(string[] client, CancellationToken cancellationToken)
    {
        using Role role = await Role.StartSelfAsync(client, cancellationToken);
        return Measured.Parse(await role.ReadLineAsync(cancellationToken));
    }
}
