// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// Accepting stream sockets of any family, and looking at what they bring, without .NET's asynchronous socket I/O,
/// which would make them non-blocking for whoever they are handed to. Nothing here waits.
/// </summary>
public static unsafe class StreamSocket
{
    /// <summary>
    /// A buffer for the address of any socket, to be used again and again: <see cref="SocketAddress.Family"/> tells
    /// which it has become.
    /// </summary>
    public static SocketAddress NewName() => new(AddressFamily.Unknown, 128);

    /// <summary>Accepts a connection: blocking, and close-on-exec.</summary>
    /// <param name="listener">Must be non-blocking.</param>
    /// <param name="peer">From <see cref="NewName"/>; becomes the address of the peer.</param>
    /// <param name="errno">0, or why there is none (accept(2)).</param>
    public static Descriptor? TryAccept(Descriptor listener, SocketAddress peer, out int errno)
    {
        ArgumentNullException.ThrowIfNull(peer);
        fixed (byte* address = peer.Buffer.Span)
        {
            uint length = (uint)peer.Buffer.Length;
            int number = Native.Accept4(listener, address, &length, Native.SockCloExec);
            if (number < 0)
            {
                errno = Marshal.GetLastPInvokeError();
                return null;
            }

            errno = 0;
            peer.Size = (int)Math.Min(length, (uint)peer.Buffer.Length);
            return Descriptor.Adopt(number);
        }
    }

    /// <summary>The address of the socket itself (getsockname(2)).</summary>
    /// <exception cref="FlowerSocketException">It is no socket.</exception>
    public static void GetName(SafeHandle socket, SocketAddress name)
    {
        ArgumentNullException.ThrowIfNull(name);
        fixed (byte* address = name.Buffer.Span)
        {
            uint length = (uint)name.Buffer.Length;
            if (Native.GetSockName(socket, address, &length) != 0)
            {
                throw FlowerSocketException.Last("ask a socket for its address");
            }

            name.Size = (int)Math.Min(length, (uint)name.Buffer.Length);
        }
    }

    /// <summary>Looks at what has arrived, and leaves it there (MSG_PEEK). 0, or the error number.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="into">At most so much is looked at.</param>
    /// <param name="count">How much it was; 0: the end.</param>
    public static int TryPeek(SafeHandle socket, Span<byte> into, out int count) =>
        Receive(socket, into, Native.MsgPeek, out count);

    /// <summary>Receives what has arrived. 0, or the error number; a count of 0 is the end.</summary>
    public static int TryReceive(SafeHandle socket, Span<byte> into, out int count) =>
        Receive(socket, into, 0, out count);

    /// <summary>Who connected to a Unix socket, as it was then (SO_PEERCRED, unix(7)); null: not known.</summary>
    public static Credentials? PeerOf(SafeHandle socket)
    {
        Credentials credentials = default;
        uint length = (uint)sizeof(Credentials);
        return Native.GetSockOpt(socket, Native.SolSocket, Native.SoPeerCred, &credentials, &length) == 0
            ? credentials
            : null;
    }

    /// <summary>Whether it is a stream socket that listens (SO_ACCEPTCONN, socket(7)).</summary>
    public static bool IsListening(SafeHandle descriptor) =>
        UnixSocket.IsStreamSocket(descriptor) && UnixSocket.GetOption(descriptor, Native.SoAcceptConn) > 0;

    /// <summary>
    /// Makes a listening socket non-blocking, for all who share it: another of them may have taken the connection that
    /// a poll told of. What is accepted from it is blocking all the same (accept(2)).
    /// </summary>
    /// <exception cref="FlowerSocketException">It is not open.</exception>
    public static void MakeNonBlocking(SafeHandle listener)
    {
        int flags = Native.Fcntl(listener, Native.FGetFl, 0);
        if (flags < 0 || Native.Fcntl(listener, Native.FSetFl, flags | Native.ONonBlock) < 0)
        {
            throw FlowerSocketException.Last("make a socket non-blocking");
        }
    }

    /// <summary>
    /// Whether close(2) of its last descriptor could wait: it is no socket, or it lingers, or it is a Unix socket with something
    /// unread, which may be a descriptor that does.
    /// </summary>
    internal static bool MayWaitAtClose(SafeHandle descriptor)
    {
        if (UnixSocket.IsUnixSocket(descriptor))
        {
            int unread = 0;
            return Native.IoCtl(descriptor, Native.FionRead, &unread) != 0 || unread > 0;
        }

        int* linger = stackalloc int[2];
        uint length = 2 * sizeof(int);
        return Native.GetSockOpt(descriptor, Native.SolSocket, Native.SoLinger, linger, &length) != 0 || linger[0] != 0;
    }

    private static int Receive(SafeHandle socket, Span<byte> into, int flags, out int count)
    {
        fixed (byte* bytes = into)
        {
            nint received;
            while ((received = Native.Recv(socket, bytes, (nuint)into.Length, flags | Native.MsgDontWait)) < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.Intr)
                {
                    count = 0;
                    return errno;
                }
            }

            count = (int)received;
            return 0;
        }
    }
}
