// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;

namespace Flower.CommandLine;

/// <summary>
/// Writes to a file that may be a pipe which nobody reads, and that others may have made non-blocking. Without a buffer, so that
/// whoever reads sees each piece at once, and whoever is slow makes the writer wait, but no longer than it may. One writer at a
/// time. Owns the file.
/// </summary>
public sealed class PatientOutput : IDisposable
{
    // So much a pipe takes whole once poll(2) says that it takes some (PIPE_BUF, pipe(7)), and write(2) does not wait.
    private const int Portion = 4096;

    private readonly SafeHandle _file;
    private readonly WakeEvent _over = new();
    private readonly CancellationTokenRegistration _registration;

    /// <summary>For a file.</summary>
    /// <param name="file">The file, which is owned.</param>
    /// <param name="over">From then on nobody is waited for; what can be written at once still is.</param>
    public PatientOutput(SafeHandle file, CancellationToken over)
    {
        _file = file;
        _registration = over.UnsafeRegister(static wake => ((WakeEvent)wake!).Set(), _over);
    }

    /// <summary>Writes all of it.</summary>
    /// <returns>0, or the error number that kept the rest from being written; <see cref="Errno.Canceled"/>: nobody has read
    /// it, and it is over.</returns>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            Span<PollItem> either = [new(_file, Readiness.Write), new(_over.Descriptor, Readiness.Read)];
            Polling.Wait(either);
            if (either[0].Ready == Readiness.None)
            {
                return Errno.Canceled;
            }

            int count = StreamFile.Write(_file, bytes[..Math.Min(bytes.Length, Portion)]);
            if (count >= 0)
            {
                bytes = bytes[count..];
            }
            else if (count != -Errno.Again)
            {
                return -count;
            }
        }

        return 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registration.Dispose();
        _over.Dispose();
        _file.Dispose();
    }
}
