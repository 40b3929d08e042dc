// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>The calls behind <see cref="MemoryFile"/>.</summary>
internal static unsafe partial class Native
{
    internal const uint MfdCloExec = 1;

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true)]
    internal static partial int MemFdCreate(byte* name, uint flags);

    private const int MAdvDontNeed = 4;

    /// <summary>Unmaps the pages of a range; those of a file are read from it again. False: not this range.</summary>
    internal static bool DontNeed(long from, long length) => MAdvise((void*)from, (nuint)length, MAdvDontNeed) == 0;

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(void* from, nuint length, int advice);
}
