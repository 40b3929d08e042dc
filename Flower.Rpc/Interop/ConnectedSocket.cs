// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>The calls on connected stream sockets, TCP and Unix, for whoever moves bytes between them.</summary>
public static unsafe class ConnectedSocket
{
    /// <summary>
    /// What a descriptor is, in words, if it is no stream socket that is, or was, connected; null: it is one. Asks for nothing
    /// that waits for the socket's lock, as TCP_INFO and getpeername(2) do: somebody else may hold that as long as he likes, by
    /// receiving into memory that is not there.
    /// </summary>
    public static string? WhatElse(SafeHandle descriptor)
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        if (!UnixSocket.IsStreamSocket(descriptor))
        {
            return "no stream socket";
        }

        short now = Poll(descriptor, Native.PollOut | Native.PollRdHup);
        if ((now & Native.PollHup) != 0)
        {
            // Over; or, if nobody has said that he ends, never begun (tcp_poll, unix_poll in the kernel).
            return (now & Native.PollRdHup) != 0 ? null : "a socket that is not connected";
        }

        // One that takes bytes does not listen; of one that does not, somebody may have filled its buffer.
        return (now & Native.PollOut) == 0 && UnixSocket.GetOption(descriptor, Native.SoAcceptConn) > 0
            ? "a socket that listens"
            : null;
    }

    /// <summary>What a descriptor is ready for at this moment, of what is wanted and of what is always told (poll(2)).</summary>
    internal static short Poll(SafeHandle descriptor, short wanted)
    {
        bool held = false;
        try
        {
            descriptor.DangerousAddRef(ref held);
            var entry = new Native.PollEntry { Descriptor = (int)descriptor.DangerousGetHandle(), Events = wanted };
            return Native.Poll(&entry, 1, 0) > 0 ? entry.Returned : (short)0;
        }
        finally
        {
            if (held)
            {
                descriptor.DangerousRelease();
            }
        }
    }

    /// <summary>Sends small writes at once (TCP_NODELAY, tcp(7)). No effect on other sockets.</summary>
    public static void SetNoDelay(SafeHandle socket)
    {
        int on = 1;
        _ = Native.SetSockOpt(socket, Native.IpProtoTcp, Native.TcpNoDelay, &on, sizeof(int));
    }

    /// <summary>Receives without waiting.</summary>
    /// <returns>Bytes; 0: the end; or a negated error number, EAGAIN when there is nothing.</returns>
    public static int Receive(SafeHandle socket, Span<byte> buffer)
    {
        int errno = StreamSocket.TryReceive(socket, buffer, out int count);
        return errno == 0 ? count : -errno;
    }

    /// <summary>Sends without waiting.</summary>
    /// <returns>Bytes, or a negated error number, EAGAIN when there is no room.</returns>
    public static int Send(SafeHandle socket, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* from = bytes)
        {
            while (true)
            {
                nint count = Native.Send(
                    socket, from, (nuint)bytes.Length, Native.MsgDontWait | Native.MsgNoSignal);
                if (count >= 0)
                {
                    return (int)count;
                }

                int errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.Intr)
                {
                    return -errno;
                }
            }
        }
    }

    /// <summary>Tells the peer that nothing more will be sent. A peer that has gone is no error.</summary>
    public static void EndSending(SafeHandle socket) => _ = Native.Shutdown(socket, Native.ShutWrite);

    /// <summary>Receives no more: a Unix peer that still sends is told so by EPIPE.</summary>
    public static void EndReceiving(SafeHandle socket) => _ = Native.Shutdown(socket, Native.ShutRead);

    /// <summary>Ends both directions, which wakes threads that wait in calls on the socket.</summary>
    public static void End(SafeHandle socket) => _ = Native.Shutdown(socket, Native.ShutBoth);

    /// <summary>
    /// Lets the close that follows tell a TCP peer, by a reset, that the stream is incomplete (SO_LINGER with zero
    /// seconds, socket(7)). No effect on a Unix socket.
    /// </summary>
    public static void ResetOnClose(SafeHandle socket)
    {
        // struct linger { int l_onoff; int l_linger; }
        int* linger = stackalloc int[2];
        linger[0] = 1;
        linger[1] = 0;
        _ = Native.SetSockOpt(socket, Native.SolSocket, Native.SoLinger, linger, 2 * sizeof(int));
    }
}
