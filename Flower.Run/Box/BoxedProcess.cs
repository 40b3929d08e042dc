// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Runtime.InteropServices;
using Flower.CommandLine;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Run.Box;

/// <summary>
/// A command in a box of bubblewrap's. This process stays beside it: it passes signals on, and takes the box with it
/// when it ends, however that happens.
/// </summary>
internal static class BoxedProcess
{
    private const string Bubblewrap = "bwrap";
    private const string Env = "/usr/bin/env";
    private const int Session = 3;
    private const int Status = 4;
    private const int Filter = 5;
    private const int FirstFile = 6;
    private const int StatusBytes = 4096;
    private const int Terminate = 15;

    // As written by bwrap(1) to --json-status-fd once the command was executed and has ended.
    private static readonly byte[] CommandEnded = "\"exit-code\""u8.ToArray();

    /// <summary>Looks whether bubblewrap is there.</summary>
    /// <param name="option">What needs it.</param>
    /// <exception cref="ToolException">It is missing.</exception>
    public static void CheckParts(string option) =>
        _ = RequiredProgram.Find(option, Bubblewrap, "bubblewrap");

    /// <summary>Runs a command to its end.</summary>
    /// <param name="start">The box.</param>
    /// <param name="words">The command.</param>
    /// <param name="ignored">The signals that it is to ignore as well.</param>
    /// <param name="cancellationToken">SIGINT or SIGTERM, which came before the box passes signals on.</param>
    /// <returns>Its exit code; 128 and the signal's number if a signal ended it.</returns>
    /// <exception cref="ToolException">bubblewrap cannot make the box.</exception>
    public static async Task<int> RunAsync(
        BoxStart start, string[] words, IgnoredSignals ignored, CancellationToken cancellationToken)
    {
        using var status = BlockingPipe.Create();
        using var filter = BlockingPipe.Filled(CallFilter.Make(RuntimeInformation.ProcessArchitecture));
        BlockingPipe[] files = [.. start.Files.Select(file => BlockingPipe.Filled(file.Content))];
        List<PassedDescriptor> descriptors =
        [
            new(status.WriteEnd, Status), new(filter.ReadEnd, Filter),
            .. files.Select((file, index) => new PassedDescriptor(file.ReadEnd, FirstFile + index)),
        ];
        if (start.Session is not null)
        {
            descriptors.Add(new(start.Session, Session));
        }

        IReadOnlyDictionary<string, string> environment = BoxEnvironment.Make(
            RunCommand.OwnEnvironment(),
            start.Plan.Shown,
            start.Session is null ? null : string.Create(CultureInfo.InvariantCulture, $"fd:{Session}"));
        ChildProcess box = await StartAsync(start, new()
        {
            Program = Env,
            Arguments = [.. ArgumentsOf(start, words, ignored)],
            Environment = environment,
            Descriptors = descriptors,

            // A signal for our group would reach the command a second time; at a terminal, it has to be in the group.
            OwnProcessGroup = !ControllingTerminal.Exists,
        });
        using var signals = new SignalRelay(box, ignored);
        if (cancellationToken.IsCancellationRequested)
        {
            signals.Pass(Terminate);
        }

        if (!environment.ContainsKey(Notifier.Variable))
        {
            // A command that was shown the way to the service manager says itself when it is ready.
            Notifier.Ready();
        }

        start.Session?.Dispose();
        Array.ForEach(files, file => file.Dispose());
        status.WriteEnd.Dispose();
        ExitStatus end = await box.Exited;
        if (HasRun(status.ReadEnd))
        {
            return end.ShellCode;
        }

        int signal = signals.EndedBy != 0 ? signals.EndedBy : end.Signal;
        return signal != 0
            ? 128 + signal
            : throw new ToolException(
                ExitCodes.Unavailable,
                "the box could not be made, for the reason that bwrap gives above; ordinary users need user namespaces "
                + "(sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)");
    }

    private static IEnumerable<string> ArgumentsOf(BoxStart start, string[] words, IgnoredSignals ignored)
    {
        string[] box =
        [
            "--ignore-signal=" + IgnoredSignals.All, "--", Bubblewrap,
            "--unshare-user", "--unshare-pid", "--unshare-ipc", "--die-with-parent",
            "--cap-drop", "ALL", "--dev-bind", "/", "/", "--proc", "/proc",
        ];

        // With an agent, bwrap is in the box's network already, as a child of the agent's.
        string[] network = start.HasAgent ? [] : ["--unshare-net"];
        IEnumerable<string> files = start.Files.SelectMany((file, index) => new[]
            { "--perms", "0644", "--ro-bind-data", $"{FirstFile + index}", file.Path });
        string[] end =
        [
            "--chdir", start.Plan.WorkingDirectory, "--json-status-fd", $"{Status}", "--seccomp", $"{Filter}",
            "--", Env, .. Defaults(ignored), "--",
        ];
        return [.. box, .. network, .. KernelSettings(), .. start.Plan.Arguments(), .. files, .. end, .. words];
    }

    private static string[] Defaults(IgnoredSignals ignored) => ignored.NotFromTheBeginning.Length == 0
        ? []
        : ["--default-signal=" + ignored.NotFromTheBeginning];

    // Root owns them, also without any capability, and could have a program started outside by writing there.
    private static string[] KernelSettings() => Environment.IsPrivilegedProcess
        ? ["--ro-bind", "/proc/sys", "/proc/sys", "--ro-bind", "/sys", "/sys"]
        : [];

    // On the loop's thread, which lives as long as the process: the box dies with the thread that started it
    // (PR_SET_PDEATHSIG, prctl(2)). It is that thread alone from which something is taken away.
    private static async Task<ChildProcess> StartAsync(BoxStart start, ProgramStart program)
    {
        ChildProcess? process = null;
        await EventLoop.Shared.Invoke(() =>
        {
            InheritedDescriptor.CloseAllOnExec();
            Confine(start);
            try
            {
                process = Spawn.Start(program, EventLoop.Shared);
            }
            catch (FlowerSocketException e)
            {
                throw new ToolException(ExitCodes.Unavailable, $"the box cannot be started: {e.Message}", e);
            }
        });
        return process!;
    }

    private static void Confine(BoxStart start)
    {
        // A second wall: namespaces keep the command from the same, but for its process group, which at a terminal is ours.
        if (Confinement.KeepToItself() is not 0 and int scope && ControllingTerminal.Exists)
        {
            Tool.Say(
                RunCommand.FullName,
                "this kernel cannot keep the command from sending signals to the process group of flower run "
                + $"(Landlock, Linux 6.12: {Errno.NameOf(scope)})");
        }

        if (start.HasAgent)
        {
            Confinement.KeepCapabilities();
        }
        else if (Confinement.ForbidTcp() is not 0 and int errno)
        {
            Tool.Say(
                RunCommand.FullName,
                "this kernel cannot keep a TCP socket that the command is handed from being connected elsewhere "
                + $"(Landlock, Linux 6.7: {Errno.NameOf(errno)})");
        }
    }

    private static bool HasRun(Descriptor status)
    {
        byte[] said = new byte[StatusBytes];
        int count = StreamFile.Read(status, said);
        return count > 0 && said.AsSpan(0, count).IndexOf(CommandEnded) >= 0;
    }
}
