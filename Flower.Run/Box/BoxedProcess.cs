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
    private const int StatusBytes = 4096;
    private const int Terminate = 15;

    // As written by bwrap(1) to --json-status-fd once the command was executed and has ended.
    private static readonly byte[] CommandEnded = "\"exit-code\""u8.ToArray();

    /// <summary>Runs a command to its end.</summary>
    /// <param name="plan">What it sees of the file system.</param>
    /// <param name="words">The command.</param>
    /// <param name="session">Its handle; borrowed until it has begun, and then closed here.</param>
    /// <param name="ignored">The signals that it is to ignore as well.</param>
    /// <param name="cancellationToken">SIGINT or SIGTERM, which came before the box passes signals on.</param>
    /// <returns>Its exit code; 128 and the signal's number if a signal ended it.</returns>
    /// <exception cref="ToolException">bubblewrap is missing, or cannot make the box.</exception>
    public static async Task<int> RunAsync(
        BoxPlan plan, string[] words, Descriptor session, IgnoredSignals ignored, CancellationToken cancellationToken)
    {
        if (Exec.Probe(Bubblewrap) != 0)
        {
            throw new ToolException(
                ExitCodes.Unavailable,
                "--no-network needs bubblewrap, whose program bwrap is not in PATH: apt install bubblewrap");
        }

        using var status = BlockingPipe.Create();
        using BlockingPipe filter = FilledPipe(CallFilter.Make(RuntimeInformation.ProcessArchitecture));
        var start = new ProgramStart
        {
            Program = Env,
            Arguments = [.. ArgumentsOf(plan, words, ignored)],
            Environment = BoxEnvironment.Make(
                RunCommand.OwnEnvironment(), plan.Shown, string.Create(CultureInfo.InvariantCulture, $"fd:{Session}")),
            Descriptors = [new(session, Session), new(status.WriteEnd, Status), new(filter.ReadEnd, Filter)],

            // A signal for our group would reach the command a second time; at a terminal, it has to be in the group.
            OwnProcessGroup = !ControllingTerminal.Exists,
        };
        ChildProcess box = await StartAsync(start);
        using var signals = new SignalRelay(box, ignored);
        if (cancellationToken.IsCancellationRequested)
        {
            signals.Pass(Terminate);
        }

        session.Dispose();
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

    private static IEnumerable<string> ArgumentsOf(BoxPlan plan, string[] words, IgnoredSignals ignored)
    {
        string[] box =
        [
            "--ignore-signal=" + IgnoredSignals.All, "--", Bubblewrap,
            "--unshare-user", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--die-with-parent",
            "--cap-drop", "ALL", "--dev-bind", "/", "/", "--proc", "/proc",
        ];
        string[] end =
        [
            "--chdir", plan.WorkingDirectory, "--json-status-fd", $"{Status}", "--seccomp", $"{Filter}",
            "--", Env, .. Defaults(ignored), "--",
        ];
        return [.. box, .. KernelSettings(), .. plan.Arguments(), .. end, .. words];
    }

    private static string[] Defaults(IgnoredSignals ignored) => ignored.NotFromTheBeginning.Length == 0
        ? []
        : ["--default-signal=" + ignored.NotFromTheBeginning];

    // Root owns them, also without any capability, and could have a program started outside by writing there.
    private static string[] KernelSettings() => Environment.IsPrivilegedProcess
        ? ["--ro-bind", "/proc/sys", "/proc/sys", "--ro-bind", "/sys", "/sys"]
        : [];

    private static BlockingPipe FilledPipe(byte[] bytes)
    {
        var pipe = BlockingPipe.Create();
        StreamFile.Write(pipe.WriteEnd, bytes);
        pipe.WriteEnd.Dispose();
        return pipe;
    }

    // On the loop's thread, which lives as long as the process: the box dies with the thread that started it
    // (PR_SET_PDEATHSIG, prctl(2)). It is that thread alone that may no longer connect.
    private static async Task<ChildProcess> StartAsync(ProgramStart start)
    {
        ChildProcess? process = null;
        await EventLoop.Shared.Invoke(() =>
        {
            InheritedDescriptor.CloseAllOnExec();
            if (Confinement.ForbidTcp() is not 0 and int errno)
            {
                Tool.Say(
                    RunCommand.FullName,
                    "this kernel cannot keep a TCP socket that the command is handed from being connected elsewhere "
                    + $"(Landlock, Linux 6.7: {Errno.NameOf(errno)})");
            }

            try
            {
                process = Spawn.Start(start, EventLoop.Shared);
            }
            catch (FlowerSocketException e)
            {
                throw new ToolException(ExitCodes.Unavailable, $"the box cannot be started: {e.Message}", e);
            }
        });
        return process!;
    }

    private static bool HasRun(Descriptor status)
    {
        byte[] said = new byte[StatusBytes];
        int count = StreamFile.Read(status, said);
        return count > 0 && said.AsSpan(0, count).IndexOf(CommandEnded) >= 0;
    }
}
