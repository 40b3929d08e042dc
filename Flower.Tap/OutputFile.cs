// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.CommandLine;
using Flower.Rpc.Interop;

namespace Flower.Tap;

/// <summary>
/// Where the tap writes: a file of its own, which nobody else may read, or standard output. Whole pieces, without a buffer, so
/// that whoever reads it sees each at once, and whoever is slow makes the tap wait.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    private readonly SafeHandle _file;

    private OutputFile(SafeHandle file) => _file = file;

    /// <summary>Standard output, which is borrowed.</summary>
    public static OutputFile Standard() => new(Descriptor.Borrow(1));

    /// <summary>Creates a file, or empties it.</summary>
    /// <exception cref="ToolException">It cannot be: why.</exception>
    public static OutputFile Create(string path)
    {
        try
        {
            using var stream = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            return new(Descriptor.Duplicate(stream.SafeFileHandle));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(ExitCodes.Failed, $"cannot write {path}: {e.Message}", e);
        }
    }

    /// <summary>Writes all of it.</summary>
    /// <exception cref="OutputException">It cannot be.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int count = StreamFile.Write(_file, bytes);
            if (count >= 0)
            {
                bytes = bytes[count..];
            }
            else if (count == -Errno.Again)
            {
                // Another holder of standard output has made it non-blocking.
                Polling.Wait([new(_file, Readiness.Write)]);
            }
            else
            {
                throw new OutputException(Marshal.GetPInvokeErrorMessage(-count), count == -Errno.Pipe);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
