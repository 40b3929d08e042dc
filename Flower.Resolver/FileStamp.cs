// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix.Native;

namespace Flower.Resolver;

/// <summary>Which file is at a path, and since when it has been as it is: another stamp, another content.</summary>
internal readonly record struct FileStamp(ulong Device, ulong Inode, long Size, long Seconds, long Nanoseconds)
{
    /// <summary>The stamp of the file to which the path leads; the default one: there is none.</summary>
    public static FileStamp Of(string path) => Syscall.stat(path, out Stat stat) == 0
        ? new(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime, stat.st_mtime_nsec)
        : default;
}
