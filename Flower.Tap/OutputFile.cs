// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.CommandLine;
using Flower.Rpc.Interop;

namespace Flower.Tap;

/// <summary>
/// Where the tap writes: a file of its own, which nobody else may read, or standard output. Whoever reads slowly makes the tap
/// wait, as for <see cref="PatientOutput"/>.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    private readonly PatientOutput _output;

    private OutputFile(SafeHandle file, CancellationToken over) => _output = new(file, over);

    /// <summary>Standard output, which is borrowed.</summary>
    /// <param name="over">From then on it is not waited for whoever reads.</param>
    public static OutputFile Standard(CancellationToken over) => new(Descriptor.Borrow(1), over);

    /// <summary>Creates a file, or empties it.</summary>
    /// <param name="path">Where.</param>
    /// <param name="over">From then on it is not waited for whoever reads, where it is a pipe.</param>
    /// <exception cref="ToolException">It cannot be: why.</exception>
    public static OutputFile Create(string path, CancellationToken over)
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
            return new(Descriptor.Duplicate(stream.SafeFileHandle), over);
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
        int errno = _output.Write(bytes);
        if (errno != 0)
        {
            throw new OutputException(Marshal.GetPInvokeErrorMessage(errno), errno is Errno.Pipe or Errno.Canceled);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _output.Dispose();
}
