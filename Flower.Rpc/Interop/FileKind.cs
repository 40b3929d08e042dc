// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>What is at a path where a socket is looked for: the kernel refuses a connect to a file with the same error as one to
/// a socket on which nobody listens (ECONNREFUSED, connect(2)).</summary>
public static class FileKind
{
    /// <summary><c>a regular file</c>, <c>a folder</c>; null: a socket, or it cannot be looked at. Links are followed.</summary>
    public static unsafe string? UnlessSocket(string path)
    {
        Native.FileStatus status;
        if (Native.Statx(Native.AtFdCwd, path, 0, Native.StatxType, &status) != 0 || (status.Mask & Native.StatxType) == 0)
        {
            return null;
        }

        return (status.Mode & Native.FileTypeMask) switch
        {
            Native.FileTypeSocket => null,
            Native.FileTypeDirectory => "a folder",
            Native.FileTypeRegular => "a regular file",
            _ => "a file of another kind",
        };
    }
}
