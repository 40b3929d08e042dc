// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;

namespace Flower.Fuzz.Simulation;

/// <summary>The faults of the kernel that the board meets, now and then.</summary>
/// <param name="choices">Decide when.</param>
internal sealed class ChosenFaults(Choices choices) : KernelFaults
{
    private const int Rarity = 12;

    // EAGAIN, and three that say nothing about this socket.
    private static readonly int[] OfSend = [Errno.Again, Errno.TooManyRefs, Errno.NoBufs, Errno.NoMem];

    /// <summary>How many there were.</summary>
    public int Count { get; private set; }

    internal override int OnSend(SafeHandle socket, int descriptors) =>
        Strikes() ? OfSend[choices.Next(OfSend.Length)] : 0;

    internal override int OnReceived(int descriptors) => Strikes() ? choices.Next(descriptors) : descriptors;

    internal override int OnNew() => Strikes() ? choices.OneIn(2) ? Errno.MFile : Errno.NFile : 0;

    private bool Strikes()
    {
        bool strikes = choices.OneIn(Rarity);
        Count += strikes ? 1 : 0;
        return strikes;
    }
}
