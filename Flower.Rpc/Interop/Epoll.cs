// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>What a descriptor is ready for (epoll(7)).</summary>
[Flags]
public enum Readiness : uint
{
    /// <summary>Nothing is asked for; errors and hang-up are told all the same.</summary>
    None = 0,

    /// <summary>There is something to read, or the end.</summary>
    Read = 0x1,

    /// <summary>There is urgent data (tcp(7)).</summary>
    Urgent = 0x2,

    /// <summary>There is room to write.</summary>
    Write = 0x4,

    /// <summary>An error is pending.</summary>
    Error = 0x8,

    /// <summary>The other end is closed.</summary>
    HangUp = 0x10,

    /// <summary>Asked for with others: the other end sends no more (EPOLLRDHUP).</summary>
    PeerClosed = 0x2000,

    /// <summary>Asked for with others: tell what has changed, once, instead of what is so (EPOLLET).</summary>
    Edge = 0x8000_0000,
}

/// <summary>One epoll instance and the eventfd that wakes it. <see cref="Wake"/> is for any thread, the rest for one.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int MaxEvents = 256;

    // struct epoll_event is packed on x86-64 (12 bytes) and naturally aligned elsewhere (16 bytes).
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = EventBytes - 8;

    private readonly Descriptor _epoll;
    private readonly Descriptor _wake;
    private readonly byte[] _events = new byte[MaxEvents * 16];

    internal Epoll()
    {
        _epoll = Descriptor.Adopt(Check(Native.EpollCreate1(Native.EpollCloExec)));
        _wake = Descriptor.Adopt(Check(Native.EventFd(0, Native.EfdCloExec | Native.EfdNonBlock)));
        Control(Native.EpollCtlAdd, _wake, Readiness.Read, 0);
    }

    /// <summary>Begins to watch. The token, not 0, comes back with each event.</summary>
    internal void Add(SafeHandle descriptor, Readiness interest, ulong token) =>
        Control(Native.EpollCtlAdd, descriptor, interest, token);

    internal void Change(SafeHandle descriptor, Readiness interest, ulong token) =>
        Control(Native.EpollCtlMod, descriptor, interest, token);

    /// <summary>Ends watching; must come before the descriptor is closed.</summary>
    internal void Remove(SafeHandle descriptor) => Native.EpollCtl(_epoll, Native.EpollCtlDel, descriptor, null);

    /// <summary>Makes a <see cref="Wait"/> return.</summary>
    internal void Wake()
    {
        ulong one = 1;
        _ = Native.Write(_wake, &one, sizeof(ulong));
    }

    /// <summary>Waits for events, at most so many milliseconds (-1: without end), and returns how many there are.</summary>
    internal int Wait(int timeoutMs, Span<(ulong Token, Readiness Ready)> into)
    {
        fixed (byte* events = _events)
        {
            int count = Native.EpollWait(_epoll, events, Math.Min(MaxEvents, into.Length), timeoutMs);
            int kept = 0;
            for (int i = 0; i < count; i++)
            {
                byte* at = events + (i * EventBytes);
                ulong token = *(ulong*)(at + DataOffset);
                if (token == 0)
                {
                    ulong ignored;
                    _ = Native.Read(_wake, &ignored, sizeof(ulong));
                }
                else
                {
                    into[kept++] = (token, (Readiness)(*(uint*)at));
                }
            }

            return kept;
        }
    }

    public void Dispose()
    {
        _wake.Dispose();
        _epoll.Dispose();
    }

    private static int Check(int number) => number >= 0 ? number : throw FlowerSocketException.Last("set up epoll");

    private void Control(int operation, SafeHandle descriptor, Readiness interest, ulong token)
    {
        byte* change = stackalloc byte[16];
        *(uint*)change = (uint)interest;
        *(ulong*)(change + DataOffset) = token;
        if (Native.EpollCtl(_epoll, operation, descriptor, change) != 0)
        {
            throw FlowerSocketException.Last("watch a descriptor");
        }
    }
}
