// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Activate;

/// <summary><c>flower activate</c>: holds a name, and starts the server behind it when it is asked for.</summary>
public sealed class ActivateCommand : Command
{
    internal const string FullName = "flower activate";

    private readonly DurationOption _idle = new("--idle", TimeSpan.Zero)
    {
        Description = "Stop COMMAND when it has had no connection for so long: it drains, and gets SIGTERM. One that does not "
            + "say how many connections it has (flower serve and the client library do) counts as idle when it was given no "
            + "new one. Needs the right LIST. Default: 0, it is not stopped.",
    };

    private readonly DurationOption _startTimeout = new("--start-timeout", TimeSpan.FromMinutes(1))
    {
        Description = "How long connects wait for COMMAND to register, from 1ms to 1h. Default: 1m.",
    };

    private readonly DurationOption _stopTimeout = new("--stop-timeout", TimeSpan.FromSeconds(10))
    {
        Description = "How long COMMAND has to end after SIGTERM, before SIGKILL. Default: 10s.",
    };

    private readonly Option<bool> _verbose = new("--verbose", "-v")
    {
        Description = "Also say when COMMAND is started and stopped.",
    };

    private readonly SwitchboardOption _switchboard = new();
    private readonly LabelsArgument _labels = new();

    /// <summary>The command.</summary>
    public ActivateCommand()
        : base("activate", "Holds a name on the board, and starts COMMAND when somebody connects and no server is there:\n"
            + "  flower activate --idle 10m service=report -- flower serve -- /usr/lib/report\n"
            + "COMMAND inherits a handle that registers servers with these labels and does nothing else "
            + "(FLOWER_SWITCHBOARD=fd:3). Who waits is given to it in the order of arrival. When it ends, the name stays, and "
            + "the next connect starts it again.")
    {
        Add(_idle);
        Add(_startTimeout);
        Add(_stopTimeout);
        Add(_verbose);
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
            throw new ToolException(ExitCodes.Usage, "give the command to start: flower activate LABELS -- COMMAND");
        }

        TimeSpan startTimeout = _startTimeout.Read(command);
        if (startTimeout < TimeSpan.FromMilliseconds(1) || startTimeout > Handle.MaxStartTimeout)
        {
            throw new ToolException(ExitCodes.Usage, "--start-timeout wants a time from 1ms to 1h");
        }

        var options = new ActivateOptions
        {
            Labels = labels,
            Idle = _idle.Read(command),
            StopTimeout = _stopTimeout.Read(command),
            Verbose = command.GetValue(_verbose),
        };
        // Our own handle is wider than that of COMMAND.
        InheritedHandles.KeepBehind(SwitchboardAddress.Resolve(command.GetValue(_switchboard)));
        ActivatedProgram.Check(words);
        await using Handle handle = await _switchboard.OpenToStayAsync(command, FullName, signals.Stop);
        var idleness = new Idleness(handle, options);
        await idleness.CheckAsync(signals.Stop);
        await using ServerActivator activator = await handle.StartActivatorAsync(labels, startTimeout, signals.Stop);
        Tool.Say(FullName, $"holds {activator.Labels}");
        Notifier.Ready();
        await using var service = new ActivationService(handle, words, idleness, options);
        await service.RunAsync(activator, signals.Stop);
        return ExitCodes.Ok;
    }
}
