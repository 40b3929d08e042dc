// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <content>The calls that take something away from this process, or from a thread and what it starts.</content>
internal static unsafe partial class Native
{
    internal const int PrSetNoNewPrivs = 38;
    internal const int PrCapAmbient = 47;
    internal const nuint PrCapAmbientClearAll = 4;
    internal const uint CloseRangeCloExec = 4;
    internal const ulong LandlockBindTcp = 1;
    internal const ulong LandlockConnectTcp = 2;
    internal const ulong LandlockScopeAbstractUnixSocket = 1;
    internal const ulong LandlockScopeSignal = 2;
    internal const nuint LandlockRulesBytesWithoutScope = 16;

    // The same numbers on x86-64 and arm64; the C library has no wrappers for Landlock.
    internal const long SysCloseRange = 436;
    internal const long SysLandlockCreateRuleset = 444;
    internal const long SysLandlockRestrictSelf = 446;

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    internal static partial int PrCtl(int option, nuint value, nuint zero1, nuint zero2, nuint zero3);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint CloseRange(nint number, nint first, nint last, nint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint LandlockCreateRuleset(nint number, LandlockRules* rules, nuint size, nint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint LandlockRestrictSelf(nint number, SafeHandle rules, nint flags);

    /// <summary>struct landlock_ruleset_attr, as far as Linux 6.12 has it; 6.7 has no scope.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LandlockRules
    {
        internal ulong HandledFileAccess;
        internal ulong HandledNetAccess;
        internal ulong Scoped;
    }
}
