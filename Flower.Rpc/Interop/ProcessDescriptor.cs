// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>A descriptor of a process, which becomes readable when the process ends (pidfd_open(2)).</summary>
public static class ProcessDescriptor
{
    /// <summary>Opens one, close-on-exec. The process must be known to live: its number may be used again.</summary>
    /// <exception cref="FlowerSocketException">ESRCH: there is no such process; EMFILE, ENFILE …</exception>
    public static Descriptor Open(int pid)
    {
        nint number = Native.PidFdOpen((nint)Native.SysPidFdOpen, pid, 0);
        return number >= 0
            ? Descriptor.Adopt((int)number)
            : throw FlowerSocketException.Last($"watch the process {pid}");
    }
}
