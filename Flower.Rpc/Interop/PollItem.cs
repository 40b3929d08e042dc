// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>A descriptor to wait for, and what it turned out to be ready for.</summary>
/// <param name="descriptor">Stays its owner's.</param>
/// <param name="interest">Errors and hang-up are told whether or not they are asked for.</param>
public struct PollItem(SafeHandle descriptor, Readiness interest)
{
    internal SafeHandle Descriptor { get; } = descriptor;

    internal Readiness Interest { get; } = interest;

    /// <summary>What it is ready for.</summary>
    public Readiness Ready { get; internal set; }
}
