// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// The file that a path led to when it was opened (O_PATH, open(2)). Renaming, or pointing a link elsewhere, changes
/// nothing about which file it is. Owns its descriptor.
/// </summary>
public sealed unsafe class SocketPath : IDisposable
{
    private SocketPath(Descriptor descriptor, string location)
    {
        Descriptor = descriptor;
        Location = location;
    }

    /// <summary>The absolute path at which the file is, without any link in it (/proc/self/fd, proc(5)).</summary>
    public string Location { get; }

    internal Descriptor Descriptor { get; }

    /// <summary>
    /// Follows the path, links included, but not through the links of /proc, which lead into the file systems of other
    /// processes where the same names mean other files (RESOLVE_NO_MAGICLINKS, openat2(2)).
    /// </summary>
    /// <returns>Null with the error number: ENOENT, EACCES, ELOOP, EMFILE …</returns>
    public static SocketPath? TryOpen(string path, out int errno)
    {
        var how = new Native.OpenHow
        {
            Flags = (ulong)(Native.OPath | Native.OCloExec),
            Resolve = Native.ResolveNoMagicLinks,
        };
        long number = Native.OpenAt2(Native.SysOpenAt2, Native.AtFdCwd, path, &how, (nuint)sizeof(Native.OpenHow));
        if (number < 0)
        {
            errno = Marshal.GetLastPInvokeError();
            return null;
        }

        var descriptor = Descriptor.Adopt((int)number);
        if (new FileInfo($"/proc/self/fd/{number}").LinkTarget is { } location)
        {
            errno = 0;
            return new(descriptor, location);
        }

        descriptor.Dispose();
        errno = Errno.NoEnt;
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();
}
