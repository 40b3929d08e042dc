// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Rpc.Transport;

namespace Flower.Rpc.Interop;

/// <summary>
/// A child of this process, from <see cref="Spawn"/>. It is reaped as soon as it ends, whether or not anybody waits for
/// that, and what watches it is closed then: there is nothing to dispose. For any thread.
/// </summary>
public sealed unsafe class ChildProcess
{
    // siginfo_t has 128 bytes; si_code is at 8, si_pid at 16 and si_status at 24 (sigaction(2), 64 bits).
    private const int SigInfoBytes = 128;

    private readonly TaskCompletionSource<ExitStatus> _exited =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly Descriptor _pidFd;
    private readonly bool _hasGroup;
    private readonly EventLoop.Watch _watch;

    internal ChildProcess(int id, Descriptor pidFd, bool hasGroup, EventLoop loop)
    {
        Id = id;
        _pidFd = pidFd;
        _hasGroup = hasGroup;

        // It may have ended already, and the loop be told before this returns.
        lock (_lock)
        {
            _watch = loop.Add(pidFd, Readiness.Read, Reap);
        }
    }

    /// <summary>Its process id, which may be another process's after its end.</summary>
    public int Id { get; }

    /// <summary>Completes when it has ended, and was reaped. Never faults.</summary>
    public Task<ExitStatus> Exited => _exited.Task;

    /// <summary>Sends a signal; with a process group of its own, to the group where the kernel can.</summary>
    /// <param name="number">The signal's number (signal(7)).</param>
    /// <returns>False: it has ended, or may not be sent to (a program that changed its user).</returns>
    public bool Signal(int number)
    {
        lock (_lock)
        {
            return !_pidFd.IsClosed
                && ((_hasGroup && Send(number, Native.PidFdSignalProcessGroup)) || Send(number, 0));
        }
    }

    private bool Send(int number, uint flags) => Native.PidFdSendSignal(
        (nint)Native.SysPidFdSendSignal, _pidFd, number, null, (nint)flags) == 0;

    private void Reap(Readiness ready)
    {
        lock (_lock)
        {
            byte* info = stackalloc byte[SigInfoBytes];
            new Span<byte>(info, SigInfoBytes).Clear();
            int result;
            while ((result = Native.WaitId(Native.PPidFd, _pidFd, info, Native.WExited | Native.WNoHang)) < 0
                && Marshal.GetLastPInvokeError() == Errno.Intr)
            {
            }

            if (result == 0 && *(int*)(info + 16) == 0)
            {
                return;
            }

            _watch.Dispose();
            _pidFd.Dispose();
            int status = *(int*)(info + 24);

            // Somebody else reaped it, if the call failed: then nobody knows how it ended, and it is no success.
            _exited.SetResult(
                result < 0 ? new(255, 0) : *(int*)(info + 8) == Native.CldExited ? new(status, 0) : new(0, status));
        }
    }
}
