// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// Makes calls of this thread fail as they fail at the kernel's limits, so that each of them can be seen to fail at any
/// time. Nobody does so but the simulation: a thread has none otherwise, and a call then costs one look at that.
/// </summary>
internal abstract class KernelFaults
{
    /// <summary>Those of this thread; null: the calls go to the kernel as they are.</summary>
    [ThreadStatic]
    internal static KernelFaults? OfThread;

    /// <summary>A packet is about to be sent.</summary>
    /// <param name="socket">On which socket.</param>
    /// <param name="descriptors">With how many descriptors.</param>
    /// <returns>0: it is sent; else the error number with which it is not.</returns>
    internal abstract int OnSend(SafeHandle socket, int descriptors);

    /// <summary>A packet has come with descriptors.</summary>
    /// <returns>How many of them this process has room for; the rest is lost.</returns>
    internal abstract int OnReceived(int descriptors);

    /// <summary>Descriptors are about to be made.</summary>
    /// <returns>0, or the error number.</returns>
    internal abstract int OnNew();

    /// <exception cref="FlowerSocketException">They cannot be made.</exception>
    internal static void ThrowOnNew(string what)
    {
        if (OfThread?.OnNew() is int fault and not 0)
        {
            throw new FlowerSocketException(what, fault);
        }
    }
}
