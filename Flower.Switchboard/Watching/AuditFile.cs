// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Microsoft.Win32.SafeHandles;
using Mono.Unix.Native;

namespace Flower.Switchboard.Watching;

/// <summary>
/// A file that whole lines are added to, also beside other processes that do so. What is not written yet is kept, and a line
/// that a full disk has cut goes on where it was cut. For one thread at a time. Owns its descriptor.
/// </summary>
internal sealed class AuditFile : IDisposable
{
    private readonly string _path;
    private readonly MemoryStream _pending = new();
    private SafeFileHandle _file;
    private int _written;

    /// <summary>Opens the file, and makes it if need be.</summary>
    /// <exception cref="IOException">It cannot be opened: why.</exception>
    public AuditFile(string path)
    {
        _path = path;
        _file = Open(path);
    }

    /// <summary>How many bytes wait to be written.</summary>
    public int Pending => (int)_pending.Length - _written;

    /// <summary>Where lines are added, each with its end.</summary>
    public Stream Lines => _pending;

    /// <summary>Opens the path again, where there may be another file by now; what waits goes there, from the beginning of a
    /// line on. If it cannot be opened, all stays as it was.</summary>
    /// <exception cref="IOException">It cannot be opened: why.</exception>
    public void Reopen()
    {
        SafeFileHandle again = Open(_path);
        _file.Dispose();
        _file = again;
        _written = WholeLines();
    }

    /// <summary>Writes what waits.</summary>
    /// <returns>0, or the error number that kept some of it from being written.</returns>
    public int Flush()
    {
        while (Pending > 0)
        {
            int count = StreamFile.Write(_file, _pending.GetBuffer().AsSpan(_written, Pending));
            if (count < 0)
            {
                Forget();
                return -count;
            }

            _written += count;
        }

        _pending.SetLength(0);
        _written = 0;
        return 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _pending.Dispose();
    }

    // Up to where whole lines are written.
    private int WholeLines() => _pending.GetBuffer().AsSpan(0, _written).LastIndexOf((byte)'\n') + 1;

    // What is written, but for the beginning of a line that may be written anew: whoever reads slowly may never have all.
    private void Forget()
    {
        int whole = WholeLines();
        int kept = (int)_pending.Length - whole;
        _pending.GetBuffer().AsSpan(whole, kept).CopyTo(_pending.GetBuffer());
        _pending.SetLength(kept);
        _pending.Position = kept;
        _written -= whole;
    }

    // O_NONBLOCK: a pipe that nobody reads is an error, and not the end of everything.
    private static SafeFileHandle Open(string path)
    {
        const FilePermissions Mode = FilePermissions.S_IRUSR | FilePermissions.S_IWUSR | FilePermissions.S_IRGRP;
        int file = Syscall.open(
            path,
            OpenFlags.O_WRONLY | OpenFlags.O_APPEND | OpenFlags.O_CREAT | OpenFlags.O_CLOEXEC | OpenFlags.O_NOCTTY
                | OpenFlags.O_NONBLOCK,
            Mode);
        return file >= 0
            ? new SafeFileHandle(file, ownsHandle: true)
            : throw new IOException($"cannot open the audit log {path}: {Stdlib.strerror(Stdlib.GetLastError())}");
    }
}
