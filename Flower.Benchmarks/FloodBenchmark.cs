// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Globalization;
using Flower.CommandLine;

namespace Flower.Benchmarks;

/// <summary>
/// <c>flood</c>: how long one client's connects take while another user floods the board, against when nobody does, and
/// against when the same flood goes to another board on the same machine: that much is the processors', not the board's. The
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

    private readonly Option<bool> _unread = new("--unread")
    {
        Description = "They never read what they are answered",
    };

    private readonly Option<bool> _registering = new("--registering")
    {
        Description = "They register servers and end them, instead of connecting",
    };

    private readonly RunOptions _run;

    public FloodBenchmark()
        : base("flood", "Measures what a flood of one user costs another one. For root.")
    {
        Add(_clients);
        Add(_unread);
        Add(_registering);
        _run = new(
            this,
            ("Connects of the one client in one run", 5000),
            ("Rounds of three runs, quiet, flood elsewhere and flooded, of which the median by flooded to quiet is printed", 5));
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
                _run.Flower(command), socket, cancellationToken, "--config", config);
            using Role server = await Role.StartSelfAsync(["server", socket], cancellationToken);
            DirectoryInfo elsewhere = directory.CreateSubdirectory("elsewhere");
            string otherSocket = Path.Combine(elsewhere.FullName, "s");
            using Role otherBoard = await Role.StartBoardAsync(
                _run.Flower(command), otherSocket, cancellationToken, "--config", config);
            using Role otherServer = await Role.StartSelfAsync(["server", otherSocket], cancellationToken);
            string clients = command.GetValue(_clients).ToString(CultureInfo.InvariantCulture);
            string[] how = command.GetValue(_unread) ? [clients, "--unread"]
                : command.GetValue(_registering) ? [clients, "--registering"]
                : [clients];
            Func<Task<Measured>> measure = () => Role.MeasureAsync(
                socket, 1, _run.Total(command), board.ProcessId, cancellationToken);
            // One run that is not counted: the runtimes compile what is used.
            await measure();
            var rounds = new List<Round>();
            for (int i = 0; i < _run.Repeat(command); i++)
            {
                rounds.Add(new(
                    await measure(),
                    await MeasureFloodedAsync(measure, otherSocket, how, cancellationToken),
                    await MeasureFloodedAsync(measure, socket, how, cancellationToken)));
            }

            rounds.Sort((a, b) => a.Ratio.CompareTo(b.Ratio));
            Round median = rounds[(rounds.Count - 1) / 2];
            Console.WriteLine($"quiet     {median.Quiet.ToLine()}");
            Console.WriteLine($"elsewhere {median.Elsewhere.ToLine()}");
            Console.WriteLine($"flooded   {median.Flooded.ToLine()}");
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"p99 flooded / quiet = {median.Ratio:F2}, flooded / elsewhere = {median.Flooded.P99 / median.Elsewhere.P99:F2}"));
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        return ExitCodes.Ok;
    }

    private static async Task<Measured> MeasureFloodedAsync(
        Func<Task<Measured>> measure, string socket, string[] how, CancellationToken cancellationToken)
    {
        using Role flood = await Role.StartSelfAsync(["flooding", socket, .. how], cancellationToken, "setpriv", $"--reuid={Flooder}", "--clear-groups", "--");
        return await measure();
    }

    private sealed record Round(Measured Quiet, Measured Elsewhere, Measured Flooded)
    {
        public double Ratio => Flooded.P99 / Quiet.P99;
    }
}
