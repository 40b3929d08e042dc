// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <content>What an ingress asks of the sockets that it listens on and accepts.</content>
internal static unsafe partial class Native
{
    internal const int SoAcceptConn = 30;
    internal const int MsgPeek = 0x2;
    internal const int FSetFd = 2;
    internal const int FSetFl = 4;
    internal const int FdCloExec = 1;
    internal const int RLimitCore = 4;
    internal const int RLimitNoFile = 7;

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    internal static partial nint Recv(SafeHandle socket, void* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    internal static partial int GetSockName(SafeHandle socket, byte* address, uint* length);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    internal static partial int GetRLimit(int resource, ResourceLimit* limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    internal static partial int SetRLimit(int resource, ResourceLimit* limit);

    /// <summary>struct rlimit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ResourceLimit
    {
        internal ulong Soft;
        internal ulong Hard;
    }
}
