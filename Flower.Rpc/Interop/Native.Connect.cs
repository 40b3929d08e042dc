// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <content>What an egress needs to connect, and to look at a path before it does.</content>
internal static unsafe partial class Native
{
    internal const int AfInet = 2;
    internal const int AfInet6 = 10;
    internal const int SockNonBlock = 0x800;
    internal const int SoError = 4;
    internal const long SysOpenAt2 = 437;
    internal const int OPath = 0x200000;
    internal const ulong ResolveNoMagicLinks = 0x02;

    // The C library has no wrapper for it (openat2(2)).
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial long OpenAt2(
        long number, long directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, OpenHow* how, nuint size);

    /// <summary>struct open_how.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct OpenHow
    {
        internal ulong Flags;
        internal ulong Mode;
        internal ulong Resolve;
    }
}
