// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Win32.SafeHandles;

namespace Flower.Rpc.Interop;

/// <summary>Files that live in memory as long as somebody holds them (memfd_create(2)).</summary>
public static unsafe class MemoryFile
{
    /// <summary>An empty file, which the caller owns.</summary>
    /// <param name="name">What /proc shows; ASCII, not unique.</param>
    /// <exception cref="FlowerSocketException">EMFILE, ENOMEM.</exception>
    public static Descriptor Create(string name)
    {
        byte[] bytes = System.Text.Encoding.ASCII.GetBytes(name + '\0');
        fixed (byte* first = bytes)
        {
            int number = Native.MemFdCreate(first, Native.MfdCloExec);
            return number >= 0 ? Descriptor.Adopt(number) : throw FlowerSocketException.Last("make a file in memory");
        }
    }

    /// <summary>
    /// The file as a stream at its beginning, whatever other holders do. The descriptor stays the caller's and must live
    /// longer.
    /// </summary>
    public static FileStream Open(Descriptor file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var stream = new FileStream(new SafeFileHandle(file.DangerousGetHandle(), ownsHandle: false), FileAccess.ReadWrite, 1);
        stream.Position = 0;
        return stream;
    }
}
