// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Microsoft.Win32.SafeHandles;

namespace Flower.Switchboard.Attestation;

/// <summary>
/// Finds the control group of a process in /proc, which is some tens of microseconds' work. What cannot be had for
/// certain is not known: no pidfd, no version 2 of control groups, a process that is gone or hidden.
/// </summary>
internal static class ControlGroupFile
{
    // Twelve hierarchies of version 1 and a path of 4,096 bytes in each fit.
    private const int MaxBytes = 64 * 1024;

    // Strict: a name that is no UTF-8 must not become another one.
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>The control group; null: not known.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="processDescriptor">Its pidfd, held since the kernel named it.</param>
    public static ControlGroup? Read(int pid, SafeHandle? processDescriptor)
    {
        if (processDescriptor is null or { IsClosed: true })
        {
            return null;
        }

        ControlGroup? found;
        try
        {
            found = ControlGroup.Parse(ReadAll($"/proc/{pid}/cgroup"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            return null;
        }

        // Afterwards: while the process lives, nobody else has its number. So what was read is its own.
        bool lives = !Polling.IsReady(processDescriptor, Readiness.Read);
        return lives && found is not null && Utf8.GetByteCount(found.Path) <= LabelRules.MaxValueBytes ? found : null;
    }

    private static string ReadAll(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            int length = 0;
            while (RandomAccess.Read(file, buffer.AsSpan(length), length) is int count and > 0)
            {
                length += count;
                if (length == buffer.Length)
                {
                    if (length >= MaxBytes)
                    {
                        throw new IOException($"{path} is larger than {MaxBytes} bytes");
                    }

                    byte[] larger = ArrayPool<byte>.Shared.Rent(length * 2);
                    buffer.CopyTo(larger, 0);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }
            }

            return Utf8.GetString(buffer, 0, length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
