// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Flower.Client;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Grpc.Core;

namespace Flower.Doctor;

/// <summary>Whether the switchboard answers, and what it says of itself and of the caller.</summary>
internal static class BoardChecks
{
    private const int FewDescriptors = 4096;

    /// <summary>Up to the first problem.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="patience">How long each answer may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async IAsyncEnumerable<Finding> RunAsync(
        SwitchboardAddress address, TimeSpan patience, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var calls = new BoundedCalls(patience, cancellationToken);
        // On a thread of its own, which may wait for a listener that takes nobody.
        (Handle? handle, Finding? failure) = await calls.TryAsync(
            token => Task.Run(() => Handle.OpenAsync(address.ToString(), new() { Reconnect = TimeSpan.Zero }, token), token),
            e => Silent(e, address)).ConfigureAwait(false);
        if (handle is null)
        {
            yield return failure!;
            yield break;
        }

        long begun = Stopwatch.GetTimestamp();
        (OwnHandle? own, failure) = await calls.TryAsync(
            token => OwnHandle.AskAsync(handle, token), e => Silent(e, address)).ConfigureAwait(false);
        double milliseconds = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
        if (own is null)
        {
            yield return failure!;
        }
        else
        {
            yield return Finding.Ok("answer", string.Create(CultureInfo.InvariantCulture, $"within {milliseconds:0.0} ms"));
            yield return own.Rights();
            yield return own.Labels();
            (BoardStats? stats, failure) = await calls.TryAsync(handle.StatsAsync, e => Untold(e, address)).ConfigureAwait(false);
            IEnumerable<Finding> told = stats is null ? [failure!] : Told(stats);
            foreach (Finding finding in told)
            {
                yield return finding;
            }
        }

        await calls.EndAsync(handle).ConfigureAwait(false);
    }

    /// <summary>The version of this program, spelled as the switchboard spells its own.</summary>
    public static string OwnVersion { get; } = typeof(BoardChecks).Assembly.GetName().Version?.ToString(3) ?? "";

    /// <summary>Whether the switchboard is of this program's version.</summary>
    public static Finding Version(string version, int pid) => version == OwnVersion
        ? Finding.Ok("version", $"{version}, as this program")
        : Finding.Warning(
            "version", $"the switchboard is {version}, and this program {OwnVersion}",
            string.Create(CultureInfo.InvariantCulture, $"replace it, without loss, by the installed one: kill -USR2 {pid}"));

    /// <summary>What is near its limit.</summary>
    public static Finding Quotas(IReadOnlyList<QuotaLevel> quotas) => quotas.Count == 0
        ? Finding.Ok("quotas", "none near its limit")
        : Finding.Warning(
            "quotas",
            string.Join("; ", quotas.Select(quota => $"{quota.Quota} of {quota.Budget}: {quota.Used} of {quota.Limit}")),
            "find out who uses them: flower handles; or raise them in the file of flower switchboard --config");

    private static IEnumerable<Finding> Told(BoardStats stats)
    {
        yield return Version(stats.Version, stats.ProcessId);
        yield return Quotas(stats.Quotas);
        yield return GrpcDoor(stats.GrpcDoor);
        var process = DaemonProcess.Of(stats.ProcessId);
        if (process?.DescriptorLimit is long limit)
        {
            yield return limit >= FewDescriptors
                ? Finding.Ok("its-descriptors", $"the switchboard may have {limit}")
                : Finding.Warning(
                    "its-descriptors", $"the switchboard may have {limit} only, and needs one or more for each session",
                    "LimitNOFILE=65536 in its unit, or ulimit -n 65536 before it is started");
        }

        if (process?.Manager() is { } manager)
        {
            yield return manager;
        }
    }

    // Not knocked at: the first client there costs a switchboard some 20 MB.
    private static Finding GrpcDoor(string path) => Mono.Unix.Native.Syscall.stat(path, out Mono.Unix.Native.Stat stat) == 0
        && (stat.st_mode & Mono.Unix.Native.FilePermissions.S_IFMT) == Mono.Unix.Native.FilePermissions.S_IFSOCK
            ? Finding.Ok("grpc-door", $"{path} belongs to {SocketCheck.User(stat.st_uid)}")
            : Finding.Warning(
                "grpc-door", $"{path} cannot be seen from here, or is no socket any more",
                "outside of a box: restart the switchboard, or give another path with flower switchboard --admin");

    private static Finding Untold(Exception e, SwitchboardAddress address) =>
        e is FlowerException { StatusCode: StatusCode.PermissionDenied }
            ? Finding.Ok("version", "not told: that takes the right LIST")
            : Silent(e, address);

    private static Finding Silent(Exception e, SwitchboardAddress address) => e switch
    {
        FlowerException { StatusCode: StatusCode.PermissionDenied } denied =>
            Finding.Problem("answer", denied.Message, "ask the switchboard's owner for a grant: flower(1), flower-switchboard(1)"),
        FlowerException failed => Finding.Problem("answer", failed.Message, null),
        _ => NoAnswer(address),
    };

    private static Finding NoAnswer(SwitchboardAddress address)
    {
        const string nobody = "nobody answers";
        if (address.Path is { } path && ListenerOf(path) is int pid and > 0)
        {
            string process = SocketCheck.Process(pid);
            return DaemonProcess.IsStopped(pid)
                ? Finding.Problem("answer", $"{nobody}: {process} is stopped", $"kill -CONT {pid}")
                : Finding.Problem(
                    "answer", $"{nobody}: {process} listens, and does not serve",
                    $"look at its log, and whether it is a switchboard: ps -fp {pid}");
        }

        return Finding.Problem("answer", $"{nobody} in time", "look whether the switchboard runs: pgrep -af 'flower switchboard'");
    }

    private static int ListenerOf(string path)
    {
        try
        {
            using Descriptor socket = UnixSocket.ConnectPackets(path, wait: false);
            return StreamSocket.PeerOf(socket)?.Pid ?? 0;
        }
        catch (FlowerSocketException)
        {
            return 0;
        }
    }
}
