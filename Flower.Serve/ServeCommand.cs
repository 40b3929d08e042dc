// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Serve;

/// <summary><c>flower serve</c>: makes a server on the board of any program.</summary>
public sealed class ServeCommand : Command
{
    internal const string FullName = "flower serve";

    // They speak of us, not of what we start: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3).
    internal static readonly string[] NotPassedOn =
    [
        "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "LISTEN_PIDFDID", "WATCHDOG_PID",
        "WATCHDOG_USEC",
    ];

    private const int MostAtOnce = 4096;

    private readonly Option<int?> _max = new("--max")
    {
        HelpName = "N",
        Description = "The most connections at once, 1 to 4096; others wait on the board, for 5s. Default: 128",
    };

    private readonly Option<bool> _wait = new("--wait")
    {
        Description = "Start COMMAND once, with a listening socket as sd_listen_fds(3) has it (LISTEN_FDS), and relay "
            + "each connection to it.",
    };

    private readonly Option<bool> _verbose = new("--verbose", "-v")
    {
        Description = "Also say who is served, with each label and who stands behind it, and which processes exited "
            + "with 0.",
    };

    private readonly WeightOption _weight = new();
    private readonly DurationOption _drain = DrainOption.Create("the processes that serve");
    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public ServeCommand()
        : base("serve", "Registers a server, and runs COMMAND for each connection, which is its standard input and "
            + "output:\n"
            + "  flower serve service=time -- date\n"
            + "  flower serve --wait service=www -- my-server-that-knows-LISTEN_FDS\n"
            + "COMMAND finds the labels in FLOWER_LABEL_* and, as JSON, in FLOWER_LABELS and FLOWER_SOURCES.")
    {
        _max.AcceptFromTo(1, MostAtOnce);
        Add(_max);
        Add(_wait);
        Add(_weight);
        Add(_verbose);
        Add(_drain);
        Add(_switchboard);
        Add(_labels);
        Add(new ProgramArgument());
        this.SetRunUntilStopped(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, StopSignals signals)
    {
        LabelSet labels = _labels.ReadBefore(command);
        string[] words = ProgramArgument.Read(command);
        if (words.Length == 0)
        {
            throw new ToolException(ExitCodes.Usage, "give the command to run: flower serve LABELS -- COMMAND");
        }

        var options = new ServeOptions
        {
            Max = command.GetValue(_max) ?? ServeOptions.DefaultMax,
            Drain = _drain.Read(command),
            Verbose = command.GetValue(_verbose),
        };
        var program = new ConnectionProgram(words, NotPassedOn);
        program.Check();
        await using Handle handle = await _switchboard.OpenToStayAsync(command, FullName, signals.Stop);
        await using Listener listener = await handle.ListenAsync(
            labels, new() { Credit = 0, Weight = _weight.Read(command) }, signals.Stop);
        if (labels.IsEmpty && listener.Labels.All(label => label.Key.StartsWith(LabelRules.ReservedPrefix, StringComparison.Ordinal)))
        {
            // By design, and seldom meant: those who mistype a label come here, too.
            Tool.Say(FullName, "without labels, it is reached by each client that nothing else matches better: give some, "
                + "such as service=NAME");
        }

        var service = new Service(handle, listener, options, signals);
        return command.GetValue(_wait)
            ? await service.RunListeningAsync(words)
            : await service.RunProcessesAsync(program);
    }
}
