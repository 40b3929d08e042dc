// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>The calls that start programs and watch them: see <see cref="Spawn"/> and <see cref="Exec"/>.</summary>
internal static unsafe partial class Native
{
    internal const short SpawnSetProcessGroup = 0x02;
    internal const short SpawnSetSigDef = 0x04;
    internal const short SpawnSetSigMask = 0x08;
    internal const int SigPipe = 13;
    internal const int SigChld = 17;
    internal const int SigSetMask = 2;
    internal const int SigKill = 9;
    internal const int PPidFd = 3;
    internal const int WNoHang = 1;
    internal const int WExited = 4;
    internal const int CldExited = 1;
    internal const uint PidFdSignalProcessGroup = 4;
    internal const int AtFdCwd = -100;
    internal const int AtEAccess = 0x200;
    internal const int XOk = 1;

    // The same numbers on x86-64 and arm64; the C library has wrappers only since glibc 2.36.
    internal const long SysPidFdSendSignal = 424;
    internal const long SysPidFdOpen = 434;

    // posix_spawn and its parts return the error number instead of setting errno.
    [LibraryImport("libc", EntryPoint = "posix_spawnp")]
    internal static partial int PosixSpawnP(
        int* pid, byte* file, void* actions, void* attributes, byte** argv, byte** envp);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    internal static partial int SpawnActionsInit(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    internal static partial int SpawnActionsDestroy(void* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    internal static partial int SpawnActionsAddDup2(void* actions, SafeHandle from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    internal static partial int SpawnAttributesInit(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    internal static partial int SpawnAttributesDestroy(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    internal static partial int SpawnAttributesSetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    internal static partial int SpawnAttributesSetSigMask(void* attributes, void* set);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    internal static partial int SpawnAttributesSetSigDefault(void* attributes, void* set);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setpgroup")]
    internal static partial int SpawnAttributesSetProcessGroup(void* attributes, int group);

    [LibraryImport("libc", EntryPoint = "execvpe", SetLastError = true)]
    internal static partial int ExecVpe(byte* file, byte** argv, byte** envp);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    internal static partial int Dup2(SafeHandle from, int to);

    [LibraryImport("libc", EntryPoint = "pthread_sigmask")]
    internal static partial int SigMask(int how, void* set, void* old);

    [LibraryImport("libc", EntryPoint = "signal")]
    internal static partial nint SetSignal(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "sigaction")]
    internal static partial int SigAction(int signal, void* action, void* old);

    [LibraryImport("libc", EntryPoint = "pthread_self")]
    internal static partial nint PthreadSelf();

    [LibraryImport("libc", EntryPoint = "pthread_kill")]
    internal static partial int PthreadKill(nint thread, int signal);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    internal static partial int WaitPid(int pid, int* status, int options);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    internal static partial int WaitId(int type, SafeHandle pidFd, void* info, int options);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint PidFdOpen(nint number, nint pid, nint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint PidFdSendSignal(nint number, SafeHandle pidFd, nint signal, void* info, nint flags);

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true)]
    internal static partial int FAccessAt(int directory, byte* path, int mode, int flags);
}
