// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>Waits for descriptors on the calling thread (poll(2)), whatever mode their open files are in.</summary>
public static unsafe class Polling
{
    /// <summary>Whether a descriptor is ready, has failed or is hung up, just now.</summary>
    public static bool IsReady(SafeHandle descriptor, Readiness interest)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        bool held = false;
        try
        {
            descriptor.DangerousAddRef(ref held);
            var entry = new Native.PollEntry
            {
                Descriptor = (int)descriptor.DangerousGetHandle(),
                Events = (short)interest,
            };
            return Native.Poll(&entry, 1, 0) > 0;
        }
        finally
        {
            if (held)
            {
                descriptor.DangerousRelease();
            }
        }
    }

    /// <summary>
    /// Waits until one of the descriptors is ready for what is asked of it, has failed or is hung up, and says so in
    /// the items.
    /// </summary>
    /// <exception cref="FlowerSocketException">ENOMEM.</exception>
    public static void Wait(Span<PollItem> items) => Wait(items, Timeout.InfiniteTimeSpan);

    /// <summary>The same, but no longer than so long. False: nothing was ready by then.</summary>
    /// <exception cref="FlowerSocketException">ENOMEM.</exception>
    public static bool Wait(Span<PollItem> items, TimeSpan timeout)
    {
        Native.PollEntry* entries = stackalloc Native.PollEntry[items.Length];
        int held = 0;
        try
        {
            foreach (ref PollItem item in items)
            {
                bool added = false;
                item.Descriptor.DangerousAddRef(ref added);
                entries[held++] = new()
                {
                    Descriptor = (int)item.Descriptor.DangerousGetHandle(),
                    Events = (short)item.Interest,
                };
            }

            int milliseconds = timeout == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Ceiling(timeout.TotalMilliseconds);
            int ready;
            while ((ready = Native.Poll(entries, (nuint)items.Length, milliseconds)) < 0)
            {
                var failure = FlowerSocketException.Last("wait for input");
                if (failure.Errno != Errno.Intr)
                {
                    throw failure;
                }
            }

            for (int i = 0; i < items.Length; i++)
            {
                items[i].Ready = (Readiness)entries[i].Returned;
            }

            return ready > 0;
        }
        finally
        {
            while (held > 0)
            {
                items[--held].Descriptor.DangerousRelease();
            }
        }
    }
}
