// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <content>What a path leads to.</content>
internal static unsafe partial class Native
{
    internal const uint StatxType = 1;
    internal const int FileTypeMask = 0xf000;
    internal const int FileTypeDirectory = 0x4000;
    internal const int FileTypeRegular = 0x8000;
    internal const int FileTypeSocket = 0xc000;

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    internal static partial int Statx(
        int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, FileStatus* status);

    /// <summary>struct statx (statx(2)), which is the same on every processor: of its 256 bytes, what is looked at.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct FileStatus
    {
        [FieldOffset(0)]
        internal uint Mask;

        [FieldOffset(28)]
        internal ushort Mode;
    }
}
