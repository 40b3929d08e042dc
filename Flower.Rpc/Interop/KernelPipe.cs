// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// A pipe through which splice(2) moves bytes from one descriptor to another without bringing them into the process.
/// Owns both of its ends, which never block. For one thread at a time.
/// </summary>
public sealed unsafe class KernelPipe : IDisposable
{
    private readonly Descriptor _readEnd;
    private readonly Descriptor _writeEnd;

    private KernelPipe(Descriptor readEnd, Descriptor writeEnd, int capacity)
    {
        _readEnd = readEnd;
        _writeEnd = writeEnd;
        Capacity = capacity;
    }

    /// <summary>Bytes that fit, if they fill whole pages.</summary>
    public int Capacity { get; }

    /// <summary>Bytes that are in the pipe.</summary>
    public int Held { get; private set; }

    /// <summary>Makes a pipe.</summary>
    /// <param name="wanted">
    /// The capacity in bytes. A user who has many pipes gets less: see pipe-user-pages-soft in pipe(7).
    /// </param>
    /// <returns>Null: the limit of descriptors, of the process or of the system, is reached.</returns>
    public static KernelPipe? TryCreate(int wanted)
    {
        int* ends = stackalloc int[2];
        if (Native.Pipe2(ends, Native.OCloExec | Native.ONonBlock) != 0)
        {
            return null;
        }

        var readEnd = Descriptor.Adopt(ends[0]);
        return new(readEnd, Descriptor.Adopt(ends[1]), Enlarge(readEnd, wanted));
    }

    /// <summary>
    /// Gives a pipe at least a capacity, where that is allowed. What is no pipe, such as a terminal, stays as it is.
    /// </summary>
    /// <returns>The capacity in bytes; 0: it is no pipe.</returns>
    public static int Enlarge(SafeHandle pipe, int wanted)
    {
        int capacity = Native.Fcntl(pipe, Native.FGetPipeSize, 0);
        if (capacity < 0 || capacity >= wanted)
        {
            return Math.Max(capacity, 0);
        }

        int enlarged = Native.Fcntl(pipe, Native.FSetPipeSize, wanted);
        return enlarged > 0 ? enlarged : capacity;
    }

    /// <summary>
    /// Moves what the source has into the pipe. Waits only if the source is neither in non-blocking mode, nor a pipe,
    /// nor a Unix socket, and has nothing.
    /// </summary>
    /// <returns>Bytes; 0: the source has ended; or a negated error number: EAGAIN when the source has nothing or the
    /// pipe is full, EINVAL when the source cannot be spliced from.</returns>
    public int Fill(SafeHandle source, int max)
    {
        int count = Move(source, _writeEnd, max);
        Held += Math.Max(count, 0);
        return count;
    }

    /// <summary>
    /// Moves what the pipe holds into the sink. Waits only if the sink is a socket in blocking mode and is full.
    /// </summary>
    /// <returns>Bytes, or a negated error number: EAGAIN when the sink is full, EINVAL when it cannot be spliced into.
    /// </returns>
    public int Drain(SafeHandle sink)
    {
        int count = Move(_readEnd, sink, Held);
        Held -= Math.Max(count, 0);
        return count;
    }

    /// <summary>Lets an empty pipe have the same bytes, without copying them (tee(2)).</summary>
    /// <returns>Bytes, which are fewer than this one holds where they do not fit; or a negated error number.</returns>
    public int Tee(KernelPipe into)
    {
        ArgumentNullException.ThrowIfNull(into);
        while (true)
        {
            nint count = Native.Tee(_readEnd, into._writeEnd, (nuint)Held, Native.SpliceNonBlock);
            int errno = count < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (errno != Errno.Intr)
            {
                into.Held += (int)Math.Max(count, 0);
                return count < 0 ? -errno : (int)count;
            }
        }
    }

    /// <summary>Takes bytes out of the pipe, for a sink that cannot be spliced into.</summary>
    /// <returns>Bytes; 0: it is empty.</returns>
    public int Take(Span<byte> buffer)
    {
        int count = Math.Max(StreamFile.Read(_readEnd, buffer), 0);
        Held -= count;
        return count;
    }

    /// <summary>Closes both ends; what the pipe holds is lost.</summary>
    public void Dispose()
    {
        _readEnd.Dispose();
        _writeEnd.Dispose();
    }

    private static int Move(SafeHandle from, SafeHandle to, int max)
    {
        while (true)
        {
            nint count = Native.Splice(
                from, null, to, null, (nuint)max, Native.SpliceMove | Native.SpliceNonBlock);
            if (count >= 0)
            {
                return (int)count;
            }

            int errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.Intr)
            {
                return -errno;
            }
        }
    }
}
