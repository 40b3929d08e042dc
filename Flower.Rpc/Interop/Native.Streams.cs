// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <content>The calls that move bytes of streams: sockets, pipes and files.</content>
internal static unsafe partial class Native
{
    internal const int IpProtoTcp = 6;
    internal const int TcpNoDelay = 1;
    internal const int SoLinger = 13;
    internal const int ShutRead = 0;
    internal const int ShutWrite = 1;
    internal const int ShutBoth = 2;
    internal const int FSetPipeSize = 1031;
    internal const int FGetPipeSize = 1032;
    internal const int OCloExec = 0x80000;
    internal const uint SpliceMove = 1;
    internal const uint SpliceNonBlock = 2;

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    internal static partial nint Send(SafeHandle socket, void* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    internal static partial int Shutdown(SafeHandle socket, int how);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    internal static partial int Shutdown(int socket, int how);

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    internal static partial int Pipe2(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "splice", SetLastError = true)]
    internal static partial nint Splice(
        SafeHandle from, long* fromOffset, SafeHandle to, long* toOffset, nuint length, uint flags);

    [LibraryImport("libc", EntryPoint = "tee", SetLastError = true)]
    internal static partial nint Tee(SafeHandle from, SafeHandle to, nuint length, uint flags);

    [LibraryImport("libc", EntryPoint = "isatty", SetLastError = true)]
    internal static partial int IsATty(SafeHandle descriptor);
}
