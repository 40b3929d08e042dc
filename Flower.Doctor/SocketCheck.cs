// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Inspection;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Mono.Unix.Native;

namespace Flower.Doctor;

/// <summary>What is at the path of a switchboard: the file, the folders above it, and who listens.</summary>
internal static class SocketCheck
{
    private const string Start = "start one with: flower switchboard";

    /// <summary>Up to the first problem. Waits for nobody.</summary>
    public static IEnumerable<Finding> Run(string path)
    {
        Finding file = File(path);
        yield return file;
        if (file.Verdict == Verdict.Problem)
        {
            yield break;
        }

        yield return Folders(path);
        yield return Listener(path);
    }

    /// <summary>A user, by number and, if it has one, name.</summary>
    public static string User(uint uid) =>
        Syscall.getpwuid(uid) is { pw_name: { Length: > 0 } name } ? $"{name} (uid {uid})" : $"uid {uid}";

    private static string OrTheSystems(string path) =>
        path != SwitchboardAddress.SystemPath && Syscall.access(SwitchboardAddress.SystemPath, AccessModes.F_OK) == 0
            ? $"; or look at the system's: flower doctor --switchboard {SwitchboardAddress.SystemPath}"
            : "";

    private static Finding File(string path)
    {
        const string check = "socket";
        if (Syscall.stat(path, out Stat stat) != 0)
        {
            Mono.Unix.Native.Errno errno = Stdlib.GetLastError();
            return errno switch
            {
                Mono.Unix.Native.Errno.ENOENT or Mono.Unix.Native.Errno.ENOTDIR =>
                    Finding.Problem(check, $"no switchboard at {path}", Start + OrTheSystems(path)),
                Mono.Unix.Native.Errno.EACCES => Finding.Problem(
                    check, $"{path} cannot be looked at: a folder above it is closed to {User(Syscall.geteuid())}",
                    "ask its owner, or say where another one is: flower doctor --switchboard ADDRESS"),
                _ => Finding.Problem(check, $"{path} cannot be looked at: {Stdlib.strerror(errno)}", null),
            };
        }

        if (FileKind.UnlessSocket(path) is { } what)
        {
            return Finding.Problem(
                check, $"{path} is {what}, and no socket",
                "say where the switchboard is: flower doctor --switchboard ADDRESS; or start one elsewhere: "
                + "flower switchboard --listen PATH");
        }

        string owner = $"{path} belongs to {User(stat.st_uid)}, mode {Mode(stat)}";
        return Syscall.access(path, AccessModes.W_OK) == 0
            ? Finding.Ok(check, owner)
            : Finding.Problem(
                check, $"{owner}, and is closed to {User(Syscall.geteuid())}",
                "ask its owner for a grant in the file of flower switchboard --config, which opens the socket as well; or "
                + Start);
    }

    // Whoever can write to a folder can put another socket in the place of the switchboard's.
    private static Finding Folders(string path)
    {
        const string check = "folder";
        string nearest = Path.GetDirectoryName(path) ?? "/";
        for (string? folder = nearest; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Syscall.stat(folder, out Stat stat) == 0
                && (stat.st_mode & FilePermissions.S_IWOTH) != 0 && (stat.st_mode & FilePermissions.S_ISVTX) == 0)
            {
                return Finding.Warning(
                    check, $"everybody can write to {folder}, mode {Mode(stat)}, and put another socket there",
                    $"chmod o-w {folder}");
            }
        }

        return Syscall.stat(nearest, out Stat own) == 0
            ? Finding.Ok(check, $"{nearest} belongs to {User(own.st_uid)}, mode {Mode(own)}")
            : Finding.Ok(check, nearest);
    }

    private static Finding Listener(string path)
    {
        const string check = "listener";
        try
        {
            using Descriptor socket = UnixSocket.ConnectPackets(path, wait: false);
            return StreamSocket.PeerOf(socket) is { Pid: > 0 } peer
                ? Finding.Ok(check, $"{Process(peer.Pid)} of {User(peer.Uid)}")
                : Finding.Ok(check, "a process that cannot be seen from here");
        }
        catch (FlowerSocketException e)
        {
            return e.Name switch
            {
                "ECONNREFUSED" or "ENOENT" => Finding.Problem(
                    check, $"no switchboard at {path}: nobody listens there any more", Start),
                "EPROTOTYPE" => Finding.Problem(
                    check, $"{path} is a socket of another kind, and not a switchboard's handle door",
                    "give the path of --listen, and not that of --admin"),
                "EAGAIN" => Finding.Problem(
                    check, $"whoever listens on {path} takes nobody: too many wait already",
                    "look for the process and whether it is stopped: ss -xlp"),
                _ => Finding.Problem(check, $"{path} cannot be connected to: {e.Name}", null),
            };
        }
    }

    /// <summary>A process, by number and what it calls itself.</summary>
    public static string Process(int pid) => ProcessName.Of(pid) is { } name ? $"process {pid} ({name})" : $"process {pid}";

    private static string Mode(Stat stat) => Convert.ToString((uint)stat.st_mode & 0xfff, 8).PadLeft(4, '0');
}
