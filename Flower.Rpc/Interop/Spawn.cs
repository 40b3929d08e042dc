// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Transport;

namespace Flower.Rpc.Interop;

/// <summary>Starts programs as children of this process (posix_spawn(3)). For any thread.</summary>
public static unsafe class Spawn
{
    // posix_spawn_file_actions_t, posix_spawnattr_t, sigset_t and struct sigaction have 80, 336, 128 and 152 bytes in
    // glibc, and no more elsewhere.
    private const int OpaqueBytes = 1024;

    // A process whose parent ignored SIGCHLD inherits that, and the kernel reaps its children without a word (wait(2)).
    static Spawn()
    {
        byte* old = stackalloc byte[OpaqueBytes];
        if (Native.SigAction(Native.SigChld, null, old) == 0 && *(nint*)old == 1)
        {
            Native.SetSignal(Native.SigChld, 0);
        }
    }

    /// <summary>Starts a program.</summary>
    /// <param name="start">What to start.</param>
    /// <param name="loop">Where its end is waited for.</param>
    /// <exception cref="FlowerSocketException">
    /// ENOENT: there is no such program; EACCES: it cannot be executed; ENOEXEC: it is no program; E2BIG: its arguments
    /// and environment are too large; EAGAIN or ENOMEM: too many processes (RLIMIT_NPROC, cgroups); EMFILE; EBADF: a
    /// number is beyond RLIMIT_NOFILE.
    /// </exception>
    public static ChildProcess Start(ProgramStart start, EventLoop loop)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(loop);
        List<PassedDescriptor> copies = start.MakeCopies();
        int pid;
        try
        {
            pid = SpawnWith(start, copies);
        }
        finally
        {
            // Before the pidfd is opened, which then takes one of their places.
            ProgramStart.Close(copies);
        }

        nint pidFd = Native.PidFdOpen((nint)Native.SysPidFdOpen, pid, 0);
        if (pidFd < 0)
        {
            FlowerSocketException failure = FlowerSocketException.Last($"watch {start.Program}");
            KillAndReap(pid);
            throw failure;
        }

        return new(pid, Descriptor.Adopt((int)pidFd), start.OwnProcessGroup, loop);
    }

    private static int SpawnWith(ProgramStart start, List<PassedDescriptor> copies)
    {
        byte* actions = stackalloc byte[OpaqueBytes];
        byte* attributes = stackalloc byte[OpaqueBytes];
        using NativeStrings arguments = start.MakeArguments();
        using NativeStrings environment = start.MakeEnvironment();
        Check(Native.SpawnActionsInit(actions), start);
        try
        {
            Check(Native.SpawnAttributesInit(attributes), start);
            try
            {
                SetSignals(attributes, start);
                foreach (PassedDescriptor copy in copies)
                {
                    Check(Native.SpawnActionsAddDup2(actions, copy.Descriptor, copy.Number), start);
                }

                int pid;
                Check(
                    Native.PosixSpawnP(
                        &pid, *arguments.Pointers, actions, attributes, arguments.Pointers, environment.Pointers),
                    start);
                return pid;
            }
            finally
            {
                _ = Native.SpawnAttributesDestroy(attributes);
            }
        }
        finally
        {
            _ = Native.SpawnActionsDestroy(actions);
        }
    }

    private static void SetSignals(byte* attributes, ProgramStart start)
    {
        // An empty sigset_t is all zeros, and signal N is bit N - 1.
        byte* none = stackalloc byte[OpaqueBytes];
        byte* pipe = stackalloc byte[OpaqueBytes];
        new Span<byte>(none, OpaqueBytes).Clear();
        new Span<byte>(pipe, OpaqueBytes).Clear();
        *(ulong*)pipe = 1UL << (Native.SigPipe - 1);
        Check(Native.SpawnAttributesSetSigMask(attributes, none), start);
        Check(Native.SpawnAttributesSetSigDefault(attributes, pipe), start);
        short flags = Native.SpawnSetSigMask | Native.SpawnSetSigDef;
        if (start.OwnProcessGroup)
        {
            Check(Native.SpawnAttributesSetProcessGroup(attributes, 0), start);
            flags |= Native.SpawnSetProcessGroup;
        }

        Check(Native.SpawnAttributesSetFlags(attributes, flags), start);
    }

    // The child cannot be watched, so it must not live: nobody would ever reap it.
    private static void KillAndReap(int pid)
    {
        _ = Native.Kill(pid, Native.SigKill);
        int status;
        while (Native.WaitPid(pid, &status, 0) < 0
            && System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == Errno.Intr)
        {
        }
    }

    private static void Check(int errno, ProgramStart start)
    {
        if (errno != 0)
        {
            throw new FlowerSocketException($"start {start.Program}", errno);
        }
    }
}
