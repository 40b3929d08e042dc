// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>Descriptors that whoever started this process left open for it, known by their numbers.</summary>
public static class InheritedDescriptor
{
    /// <summary>
    /// Takes a listening stream socket over and makes it close-on-exec: this process's own children are not meant.
    /// </summary>
    /// <returns>The socket, which the caller owns; null: the number is not open, or is something else.</returns>
    public static Descriptor? TryTakeListener(int number)
    {
        // Borrowed until it is known to be what is looked for: the runtime has descriptors of its own.
        Descriptor borrowed = Descriptor.Borrow(number);
        return StreamSocket.IsListening(borrowed) && CloseOnExec(borrowed) ? Descriptor.Adopt(number) : null;
    }

    /// <summary>Makes a descriptor close-on-exec, whatever it is. False: it is not open.</summary>
    public static bool CloseOnExec(int number) => CloseOnExec(Descriptor.Borrow(number));

    /// <summary>
    /// Makes every descriptor from 3 on close-on-exec, those that were inherited too (close_range(2), Linux 5.11).
    /// </summary>
    /// <exception cref="FlowerSocketException">EINVAL or ENOSYS: the kernel is older.</exception>
    public static void CloseAllOnExec()
    {
        if (Native.CloseRange((nint)Native.SysCloseRange, 3, int.MaxValue, (nint)Native.CloseRangeCloExec) != 0)
        {
            throw FlowerSocketException.Last("keep inherited descriptors behind");
        }
    }

    /// <summary>
    /// Whether a number was open when this process began. Where it was not, the runtime may have taken it for a file of
    /// its own, which is close-on-exec as nothing that is inherited is.
    /// </summary>
    public static bool IsOpen(int number) => Native.Fcntl(Descriptor.Borrow(number), Native.FGetFd, 0) == 0;

    private static bool CloseOnExec(Descriptor descriptor) =>
        Native.Fcntl(descriptor, Native.FSetFd, Native.FdCloExec) == 0;
}
