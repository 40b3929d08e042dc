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
    private Descriptor? _socket;

    private SocketFile(string path, FileStream @lock, Descriptor socket, Stat own)
    {
        Path = path;
        _lock = @lock;
        _socket = socket;
        _own = own;
    }

    public string Path { get; }

    private string LockPath => Path + ".lock";

    /// <summary>
    /// Listens at a path. Missing directories are made: for the owner alone, or open to all if the socket is for others.
    /// </summary>
    /// <exception cref="IOException">Another switchboard is there, or something that is not a socket.</exception>
    /// <exception cref="UnauthorizedAccessException">The file system does not allow it.</exception>
    public static SocketFile Claim(string path, UnixFileMode mode, Func<string, uint, Descriptor> listen)
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
                $"no permission to listen on {full}: choose a path in a directory of yours", e);
        }

        try
        {
            RemoveStale(full);
            Descriptor socket = listen(full, (uint)mode);
            return Syscall.lstat(full, out Stat own) == 0
                ? new SocketFile(full, locked, socket, own)
                : throw new IOException($"{full} vanished");
        }
        catch
        {
            File.Delete(full + ".lock");
            locked.Dispose();
            throw;
        }
    }

    /// <summary>Gives the socket to who serves it; the file stays this object's.</summary>
    public Descriptor TakeSocket() =>
        Interlocked.Exchange(ref _socket, null) ?? throw new InvalidOperationException("the socket was taken before");

    /// <summary>Lends the socket to who serves it; it stays this object's.</summary>
    public Descriptor BorrowSocket() => _socket ?? throw new InvalidOperationException("the socket was taken before");

    /// <summary>Unlinks the socket, if it is still the one at the path, and then lets go of the lock.</summary>
    public void Dispose()
    {
        _socket?.Dispose();
        if (Syscall.lstat(Path, out Stat now) == 0 && now.st_ino == _own.st_ino && now.st_dev == _own.st_dev)
        {
            File.Delete(Path);
        }

        File.Delete(LockPath);
        _lock.Dispose();
    }

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
