// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc;

/// <summary>A system call failed. The only exception that stands for an errno.</summary>
public sealed class FlowerSocketException : IOException
{
    /// <summary>A failure.</summary>
    /// <param name="what">What was tried: "connect to /run/flower/switchboard.sock".</param>
    /// <param name="errno">The error number.</param>
    public FlowerSocketException(string what, int errno)
        : base($"{what}: {Marshal.GetPInvokeErrorMessage(errno)}") => Errno = errno;

    /// <summary>The error number (errno(3)).</summary>
    public int Errno { get; }

    /// <summary>Its symbolic name: "ENOENT".</summary>
    public string Name => Interop.Errno.NameOf(Errno);

    /// <summary>What the last call that failed on this thread left behind.</summary>
    internal static FlowerSocketException Last(string what) => new(what, Marshal.GetLastPInvokeError());
}
