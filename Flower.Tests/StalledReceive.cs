// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests;

/// <summary>
/// A thread that receives from a socket into memory that does not come (userfaultfd(2)), and so holds the socket's lock, until this
/// is disposed. There must be something to receive.
/// </summary>
internal sealed class StalledReceive : IDisposable
{
    private const int Bytes = 4096;

    // UFFDIO_API, UFFDIO_REGISTER and UFFDIO_REGISTER_MODE_MISSING (linux/userfaultfd.h).
    private const ulong SayApi = 0xc018aa3f;
    private const ulong Register = 0xc020aa00;
    private const ulong Missing = 1;

    private readonly int _faults;
    private readonly nint _memory;
    private readonly Thread _thread;

    /// <summary>Returns when the thread waits within recv(2).</summary>
    public StalledReceive(SafeHandle socket)
    {
        long number = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 282 : 323;
        _faults = (int)SystemCall(number, (long)(OpenFlags.O_CLOEXEC | OpenFlags.O_NONBLOCK));
        if (_faults < 0)
        {
            Assert.Ignore("userfaultfd(2) is not allowed to this user");
        }

        _memory = Syscall.mmap(
            0, Bytes, MmapProts.PROT_READ | MmapProts.PROT_WRITE, MmapFlags.MAP_PRIVATE | MmapFlags.MAP_ANONYMOUS, -1, 0);
        Assert.That(Control(_faults, SayApi, [0xaa, 0, 0]), Is.Zero);
        Assert.That(Control(_faults, Register, [(ulong)_memory, Bytes, Missing, 0]), Is.Zero);
        Descriptor held = Descriptor.Duplicate(socket);
        _thread = new Thread(() =>
        {
            using (held)
            {
                _ = Receive(held, _memory, Bytes, 0);
            }
        });
        _thread.Start();
        Assert.That(
            Syscall.poll([new Pollfd { fd = _faults, events = PollEvents.POLLIN }], 20_000), Is.EqualTo(1), "nothing was received");
    }

    public void Dispose()
    {
        // Its memory comes now.
        _ = Syscall.close(_faults);
        _thread.Join();
        _ = Syscall.munmap(_memory, Bytes);
    }

    [DllImport("libc", EntryPoint = "syscall")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long SystemCall(long number, long flags);

    [DllImport("libc", EntryPoint = "ioctl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int descriptor, ulong request, ulong[] argument);

    [DllImport("libc", EntryPoint = "recv")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Receive(SafeHandle socket, nint memory, nint bytes, int flags);
}
