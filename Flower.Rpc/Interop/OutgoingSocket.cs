// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Flower.Rpc.Interop;

/// <summary>
/// Connecting stream sockets of any family, without .NET's asynchronous socket I/O. The socket is non-blocking while it
/// connects, when nobody else has it yet, and is made blocking before it is handed over. Nothing here waits.
/// </summary>
public static unsafe class OutgoingSocket
{
    /// <summary>A non-blocking stream socket; null with the error number.</summary>
    public static Descriptor? TryCreate(AddressFamily family, out int errno)
    {
        int domain = family switch
        {
            AddressFamily.InterNetwork => Native.AfInet,
            AddressFamily.InterNetworkV6 => Native.AfInet6,
            AddressFamily.Unix => Native.AfUnix,
            _ => throw new ArgumentOutOfRangeException(nameof(family), family, "no family of stream sockets"),
        };
        int number = Native.Socket(domain, Native.SockStream | Native.SockNonBlock | Native.SockCloExec, 0);
        errno = number < 0 ? Marshal.GetLastPInvokeError() : 0;
        return number < 0 ? null : Descriptor.Adopt(number);
    }

    /// <summary>
    /// Marks all packets that a socket sends (SO_MARK, socket(7)). Needs CAP_NET_ADMIN in its network namespace.
    /// </summary>
    /// <returns>0, or the error number.</returns>
    public static int Mark(Descriptor socket, uint mark) =>
        Native.SetSockOpt(socket, Native.SolSocket, Native.SoMark, &mark, sizeof(uint)) == 0
            ? 0
            : Marshal.GetLastPInvokeError();

    /// <summary>
    /// Begins to connect. 0: connected. EINPROGRESS: it is writable once it is decided, see <see cref="TakeError"/>.
    /// EAGAIN of a Unix socket: too many wait to be accepted, and nobody tells when that changes (connect(2)).
    /// </summary>
    public static int Connect(Descriptor socket, EndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        SocketAddress address = endPoint.Serialize();
        return Connect(socket, address.Buffer.Span[..address.Size]);
    }

    /// <summary>
    /// The same, to the very file that a <see cref="SocketPath"/> is, whatever has become of its name.
    /// </summary>
    public static int Connect(Descriptor socket, SocketPath path)
    {
        ArgumentNullException.ThrowIfNull(path);
        bool held = false;
        try
        {
            path.Descriptor.DangerousAddRef(ref held);
            byte[] name = Encoding.ASCII.GetBytes($"/proc/self/fd/{path.Descriptor.DangerousGetHandle()}");
            byte[] address = new byte[2 + name.Length + 1];
            address[0] = Native.AfUnix;
            name.CopyTo(address, 2);
            return Connect(socket, address);
        }
        finally
        {
            if (held)
            {
                path.Descriptor.DangerousRelease();
            }
        }
    }

    /// <summary>How the connecting ended: 0, or the error number, which is told once (SO_ERROR, socket(7)).</summary>
    public static int TakeError(Descriptor socket)
    {
        int error = 0;
        uint length = sizeof(int);
        return Native.GetSockOpt(socket, Native.SolSocket, Native.SoError, &error, &length) == 0
            ? error
            : Marshal.GetLastPInvokeError();
    }

    /// <summary>Sends what there is room for. 0, or the error number; EAGAIN: there is no room.</summary>
    public static int TrySend(Descriptor socket, ReadOnlySpan<byte> bytes, out int count)
    {
        fixed (byte* from = bytes)
        {
            var vector = new Native.IoVector { Base = from, Length = (nuint)bytes.Length };
            var message = new Native.MessageHeader { Vectors = &vector, VectorCount = 1 };
            nint sent;
            while ((sent = Native.SendMsg(socket, &message, Native.MsgDontWait | Native.MsgNoSignal)) < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.Intr)
                {
                    count = 0;
                    return errno;
                }
            }

            count = (int)sent;
            return 0;
        }
    }

    /// <summary>Makes it blocking, as its next owner expects.</summary>
    /// <exception cref="FlowerSocketException">It is not open.</exception>
    public static void MakeBlocking(Descriptor socket)
    {
        int flags = Native.Fcntl(socket, Native.FGetFl, 0);
        if (flags < 0 || Native.Fcntl(socket, Native.FSetFl, flags & ~Native.ONonBlock) < 0)
        {
            throw FlowerSocketException.Last("make a socket blocking");
        }
    }

    private static int Connect(Descriptor socket, ReadOnlySpan<byte> address)
    {
        fixed (byte* bytes = address)
        {
            return Native.Connect(socket, bytes, (uint)address.Length) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }
}
