// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Activate;

/// <summary>One run of the command. For any thread. Outlives this object unless it is stopped.</summary>
internal sealed class ActivatedProgram
{
    private const int SigTerm = 15;
    private const int SigKill = 9;
    private const int HandleNumber = 3;

    // They speak of us, not of what we start (sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3)); and a handle that is
    // wider than its own is not for it.
    private static readonly string[] NotPassedOn =
    [
        "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "LISTEN_PIDFDID", "WATCHDOG_PID", "WATCHDOG_USEC",
        SwitchboardAddress.Variable,
    ];

    private readonly ChildProcess _process;
    private readonly long _startedAt = Environment.TickCount64;

    private ActivatedProgram(ChildProcess process) => _process = process;

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Completes when it has ended. Never faults.</summary>
    public Task<ExitStatus> Exited => _process.Exited;

    /// <summary>How long it has run.</summary>
    public TimeSpan Age => TimeSpan.FromMilliseconds(Environment.TickCount64 - _startedAt);

    /// <summary>It is about to end, since it was told to.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Looks whether it can be started at all.</summary>
    /// <exception cref="ToolException">It is not there, or not executable.</exception>
    public static void Check(string[] words) => new ConnectionProgram(words, NotPassedOn).Check();

    /// <summary>Starts it, with a handle for servers with the labels of the activator.</summary>
    /// <exception cref="ToolException">It cannot be started.</exception>
    /// <exception cref="FlowerException">The handle cannot be made.</exception>
    public static async Task<ActivatedProgram> StartAsync(
        Handle handle, LabelSet labels, string[] words, CancellationToken cancellationToken)
    {
        using Descriptor session = await handle.ConstrainToDescriptorAsync(
            [Right.ServerStart], labels, LabelSet.Empty, cancellationToken);
        var program = new ConnectionProgram(words, NotPassedOn);
        ProgramStart start = program.On(null, new PassedDescriptor(session, HandleNumber));
        var environment = new Dictionary<string, string>(start.Environment!)
        {
            [SwitchboardAddress.Variable] = $"fd:{HandleNumber}",
        };
        try
        {
            return new(Spawn.Start(start with { Environment = environment, OwnProcessGroup = true }, EventLoop.Shared));
        }
        catch (FlowerSocketException e)
        {
            throw program.Explain(e);
        }
    }

    /// <summary>Asks it to end, and ends it if it does not.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        IsStopping = true;
        _process.Signal(SigTerm);
        if (await Task.WhenAny(Exited, Task.Delay(patience)) != Exited)
        {
            Tool.Say(ActivateCommand.FullName, $"pid {Id} did not end within {patience.TotalSeconds:0.###}s: killed");
            _process.Signal(SigKill);
            await Exited;
        }
    }
}
