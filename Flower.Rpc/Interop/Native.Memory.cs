// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>The calls behind <see cref="MemoryFile"/>.</summary>
internal static unsafe partial class Native
{
    internal const uint MfdCloExec = 1;

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true)]
    internal static partial int MemFdCreate(byte* name, uint flags);
}
