// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>
/// Becomes readable once, for good, and so wakes every thread that polls it (eventfd(2)). For any thread.
/// </summary>
public sealed unsafe class WakeEvent : IDisposable
{
    /// <summary>An event that is not set.</summary>
    /// <exception cref="FlowerSocketException">EMFILE or ENFILE.</exception>
    public WakeEvent()
    {
        int number = Native.EventFd(0, Native.EfdCloExec | Native.EfdNonBlock);
        Descriptor = number >= 0 ? Descriptor.Adopt(number) : throw FlowerSocketException.Last("make an eventfd");
    }

    /// <summary>What to poll for reading; the event's own.</summary>
    public Descriptor Descriptor { get; }

    /// <summary>Wakes those who wait and those who will.</summary>
    public void Set()
    {
        ulong one = 1;
        _ = Native.Write(Descriptor, &one, sizeof(ulong));
    }

    /// <summary>Closes the event; who still polls it keeps it open until then.</summary>
    public void Dispose() => Descriptor.Dispose();
}
