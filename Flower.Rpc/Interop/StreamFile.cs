// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// read(2) and write(2) on open files whose mode belongs to others too: standard input and output, blocking sockets.
/// </summary>
public static unsafe class StreamFile
{
    /// <summary>Reads, and waits where the open file is in blocking mode.</summary>
    /// <returns>Bytes; 0: the end; or a negated error number.</returns>
    public static int Read(SafeHandle file, Span<byte> buffer)
    {
        fixed (byte* bytes = buffer)
        {
            while (true)
            {
                nint count = Native.Read(file, bytes, (nuint)buffer.Length);
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

    /// <summary>Writes, and waits where the open file is in blocking mode.</summary>
    /// <returns>Bytes, or a negated error number.</returns>
    public static int Write(SafeHandle file, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* from = bytes)
        {
            while (true)
            {
                nint count = Native.Write(file, from, (nuint)bytes.Length);
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

    /// <summary>Whether it is a terminal (isatty(3)).</summary>
    public static bool IsTerminal(SafeHandle file) => Native.IsATty(file) == 1;
}
