// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc;
using Flower.Rpc.Interop;
using Mono.Unix.Native;
using Errno = Flower.Rpc.Interop.Errno;

namespace Flower.Switchboard.Hosting;

/// <summary>
/// A listening socket at a path that this process alone uses. A lock beside it decides between processes that start at
/// once; a live socket is never unlinked, nor anything that is not a socket.
/// </summary>
internal sealed class SocketFile : IDisposable
{
    private readonly FileStream _lock;
    private readonly Stat _own;
    private bool _abandoned;

    private SocketFile(string path, FileStream @lock, Descriptor socket, Stat own, bool isLent)
    {
        Path = path;
        _lock = @lock;
        Socket = socket;
        _own = own;
        IsLent = isLent;
    }

    public string Path { get; }

    /// <summary>The listening socket, which stays this object's.</summary>
    public Descriptor Socket { get; }

    /// <summary>The service manager made the socket, and listens on when this process has ended.</summary>
    public bool IsLent { get; }

    private string LockPath => Path + ".lock";

    /// <summary>
    /// Listens at a path. Missing directories are made: for the owner alone, or open to all if the socket is for others.
    /// </summary>
    /// <param name="path">Where.</param>
    /// <param name="mode">Who may connect.</param>
    /// <param name="listen">Makes the socket.</param>
    /// <param name="kept">The one that listened there before this process began, if it was kept. Taken over.</param>
    /// <param name="lent">The one that the service manager made for it, if it did. Taken over.</param>
    /// <exception cref="IOException">Another switchboard is there, or something that is not a socket.</exception>
    /// <exception cref="UnauthorizedAccessException">The file system does not allow it.</exception>
    public static SocketFile Claim(
        string path,
        UnixFileMode mode,
        Func<string, uint, Descriptor> listen,
        Descriptor? kept = null,
        Descriptor? lent = null)
    {
        string full = System.IO.Path.GetFullPath(path);
        FileStream locked;
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!, DirectoryModeFor(mode));
            locked = Lock(full);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UnauthorizedAccessException(
                $"no permission to listen on {full}: choose a path in a directory of yours with --listen PATH, and tell it "
                + "to the others: export FLOWER_SWITCHBOARD=unix:PATH", e);
        }

        try
        {
            Descriptor? socket = lent ?? (kept is not null && IsAt(full, kept) ? kept : null);
            if (socket != kept)
            {
                kept?.Dispose();
            }

            if (socket is null)
            {
                RemoveStale(full);
                socket = listen(full, (uint)mode);
            }

            return Syscall.lstat(full, out Stat own) == 0
                ? new SocketFile(full, locked, socket, own, lent is not null)
                : throw new IOException($"{full} vanished");
        }
        catch
        {
            File.Delete(full + ".lock");
            locked.Dispose();
            throw;
        }
    }

    /// <summary>Takes over what another process listens on; it has to <see cref="Abandon"/> it.</summary>
    /// <param name="path">Where; absolute.</param>
    /// <param name="socket">The listening socket.</param>
    /// <param name="lock">The open lock file, with the lock.</param>
    /// <param name="isLent">Whether the service manager made the socket.</param>
    /// <exception cref="IOException">The file has gone.</exception>
    public static SocketFile Adopt(string path, Descriptor socket, Descriptor @lock, bool isLent)
    {
        var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(@lock.DangerousGetHandle(), ownsHandle: true);
        @lock.SetHandleAsInvalid();
        return Syscall.lstat(path, out Stat own) == 0
            ? new SocketFile(path, new FileStream(handle, FileAccess.ReadWrite, 1), socket, own, isLent)
            : throw new IOException($"{path} vanished");
    }

    /// <summary>Changes who may open the socket, if it is still the one at the path; its directory stays as it is.</summary>
    /// <exception cref="UnauthorizedAccessException">The file system does not allow it.</exception>
    public void SetMode(UnixFileMode mode)
    {
        if (IsOwn())
        {
            File.SetUnixFileMode(Path, mode);
        }
    }

    /// <summary>A duplicate of the lock file's descriptor: the lock belongs to the open file, so to both.</summary>
    public Descriptor DuplicateLock() => Descriptor.Duplicate(_lock.SafeFileHandle);

    /// <summary>Leaves the file to the process that has taken it over: it is neither unlinked nor unlocked.</summary>
    public void Abandon()
    {
        _abandoned = true;
        // .NET would unlock the open file, which is that process's too. The descriptor ends with this process.
        _lock.SafeFileHandle.SetHandleAsInvalid();
    }

    /// <summary>
    /// Unlinks the socket, if it is still the one at the path and was not lent, and then lets go of the lock.
    /// </summary>
    public void Dispose()
    {
        Socket.Dispose();
        if (_abandoned)
        {
            return;
        }

        if (!IsLent && IsOwn())
        {
            File.Delete(Path);
        }

        File.Delete(LockPath);
        _lock.Dispose();
    }

    // The file may have been exchanged meanwhile, but then its maker connects to what it made.
    private static bool IsAt(string path, Descriptor socket)
    {
        try
        {
            return File.Exists(path) && UnixSocket.PathOf(socket) == path;
        }
        catch (FlowerSocketException)
        {
            return false;
        }
    }

    private bool IsOwn() =>
        Syscall.lstat(Path, out Stat now) == 0 && now.st_ino == _own.st_ino && now.st_dev == _own.st_dev;

    private static UnixFileMode DirectoryModeFor(UnixFileMode socket)
    {
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        return (socket & ~Owner) == 0 ? Owner : Owner | Others;
    }

    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException)
            && File.Exists(path + ".lock"))
        {
            throw Running(path);
        }
    }

    private static void RemoveStale(string path)
    {
        if (Syscall.lstat(path, out Stat stat) != 0)
        {
            return;
        }

        if ((stat.st_mode & FilePermissions.S_IFMT) != FilePermissions.S_IFSOCK)
        {
            throw new IOException($"{path} exists and is not a socket: choose another path, or remove it");
        }

        try
        {
            UnixSocket.ConnectPackets(path).Dispose();
            throw Running(path);
        }
        catch (FlowerSocketException e) when (e.Errno == Errno.ConnRefused)
        {
            // Nobody listens there any more: left behind by a process that was killed.
            File.Delete(path);
        }
        catch (FlowerSocketException e) when (e.Errno == Errno.ProtoType)
        {
            // A stream socket: connecting as such tells whether it is live.
            if (IsLiveStream(path))
            {
                throw Running(path);
            }

            File.Delete(path);
        }
    }

    private static bool IsLiveStream(string path)
    {
        try
        {
            UnixSocket.ConnectStream(path).Dispose();
            return true;
        }
        catch (FlowerSocketException e) when (e.Errno == Errno.ConnRefused)
        {
            return false;
        }
    }

    private static IOException Running(string path) =>
        new($"another program listens on {path}: stop it, or choose another path");
}
