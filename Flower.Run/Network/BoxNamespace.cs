// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.CommandLine;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Run.Box;

namespace Flower.Run.Network;

/// <summary>
/// The namespaces of a box's agent: a network, and the users to whom it belongs. A process with threads cannot enter
/// new ones (unshare(2), EINVAL), so that this program begins once more in them.
/// </summary>
internal static class BoxNamespace
{
    private const string Unshare = "unshare";
    private const string Diagnostics = "DOTNET_EnableDiagnostics";
    private const string Off = "0";
    private const string Subcommand = "run";

    // The same user, with all capabilities in these namespaces and none outside.
    private static readonly string[] Namespaces = ["--user", "--map-current-user", "--keep-caps", "--net", "--"];

    /// <summary>Begins this program once more, in the namespaces: same process, same parent, same terminal.</summary>
    /// <exception cref="ToolException">unshare(1) is missing, or the kernel does not allow it.</exception>
    public static async Task EnterAsync()
    {
        _ = RequiredProgram.Find(BoxOptions.WithAgent, Unshare, "util-linux");
        await ProbeAsync();

        // It lists the sockets of the network in which it was opened: those that are to be covered.
        using var sockets = File.OpenHandle(
            BoundSocket.ListPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        int number = InheritedHandles.LowestFree();
        string[] own = Environment.GetCommandLineArgs()[1..];
        int after = Array.IndexOf(own, Subcommand) + 1;
        string[] arguments =
        [
            .. Namespaces, .. OwnProgram.Words, .. own[..after], BoxOptions.InNetwork,
            number.ToString(CultureInfo.InvariantCulture), .. own[after..],
        ];
        try
        {
            Exec.Replace(new()
            {
                Program = Unshare,
                Arguments = arguments,
                Environment = WithoutDiagnostics(),
                Descriptors = [new(sockets, number)],
            });
        }
        catch (FlowerSocketException e)
        {
            throw new ToolException(ExitCodes.Unavailable, $"the box cannot be started: {e.Message}", e);
        }
    }

    /// <summary>Takes back what the environment of this second start has that is not for the command.</summary>
    public static void RestoreEnvironment()
    {
        if (Environment.GetEnvironmentVariable(Diagnostics) == Off)
        {
            Environment.SetEnvironmentVariable(Diagnostics, null);
        }
    }

    // The .NET runtime, where it is not compiled in, listens on a socket whose path the box might show.
    private static Dictionary<string, string> WithoutDiagnostics()
    {
        Dictionary<string, string> environment = RunCommand.OwnEnvironment();
        environment.TryAdd(Diagnostics, Off);
        return environment;
    }

    // Where it is not allowed, the exit code would be that of unshare.
    private static async Task ProbeAsync()
    {
        ChildProcess probe = Spawn.Start(
            new() { Program = Unshare, Arguments = [.. Namespaces, "/bin/true"] }, EventLoop.Shared);
        ExitStatus end = await probe.Exited;
        if (end.ShellCode != 0)
        {
            throw new ToolException(
                ExitCodes.Unavailable,
                "the box could not be made, for the reason that unshare gives above: the kernel does not allow this user "
                + "namespaces of its own (sysctl user.max_user_namespaces, user.max_net_namespaces, "
                + "kernel.apparmor_restrict_unprivileged_userns; root has none in a box)");
        }
    }
}
