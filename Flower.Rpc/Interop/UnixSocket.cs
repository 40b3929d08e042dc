// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using System.Text;

namespace Flower.Rpc.Interop;

/// <summary>
/// The Unix socket calls that Flower is made of. Never changes O_NONBLOCK, which belongs to the open file and so to
/// every holder: readiness is asked for, and a call that would wait says so (MSG_DONTWAIT).
/// </summary>
public static unsafe class UnixSocket
{
    /// <summary>The most descriptors of one packet (SCM_MAX_FD in the kernel).</summary>
    public const int MaxDescriptors = 253;

    // 253 descriptors, credentials and a pidfd, each with its header.
    private const int ControlBytes = 16 + (MaxDescriptors * 4) + 4 + 16 + 16 + 16 + 8;

    private const int MaxPathBytes = 108;

    /// <summary>A connected pair of blocking stream sockets.</summary>
    /// <exception cref="FlowerSocketException">EMFILE or ENFILE.</exception>
    public static (Descriptor One, Descriptor Other) StreamPair() => Pair(Native.SockStream);

    /// <summary>A connected pair of packet sockets; credentials come with what either end receives.</summary>
    /// <exception cref="FlowerSocketException">EMFILE or ENFILE.</exception>
    public static (Descriptor One, Descriptor Other) PacketPair()
    {
        (Descriptor one, Descriptor other) = Pair(Native.SockSeqPacket);
        PassCredentials(one);
        PassCredentials(other);
        return (one, other);
    }

    /// <summary>Connects to a packet socket.</summary>
    /// <param name="path">Where it listens.</param>
    /// <param name="wait">Whether to wait while its backlog is full.</param>
    /// <exception cref="FlowerSocketException">ENOENT, ECONNREFUSED, EACCES, ENAMETOOLONG, EMFILE …; EAGAIN: its backlog
    /// is full.</exception>
    public static Descriptor ConnectPackets(string path, bool wait = true)
    {
        if (wait)
        {
            return Connect(path, Native.SockSeqPacket);
        }

        // Non-blocking while nobody else has it.
        Descriptor socket = Connect(path, Native.SockSeqPacket | Native.SockNonBlock);
        OutgoingSocket.MakeBlocking(socket);
        return socket;
    }

    /// <summary>Connects to a stream socket.</summary>
    /// <exception cref="FlowerSocketException">As for <see cref="ConnectPackets"/>.</exception>
    public static Descriptor ConnectStream(string path) => Connect(path, Native.SockStream);

    /// <summary>Connects to a datagram socket: a path, or <c>@name</c> in the abstract namespace.</summary>
    /// <exception cref="FlowerSocketException">As for <see cref="ConnectPackets"/>.</exception>
    internal static Descriptor ConnectDatagrams(string name) => Connect(name, Native.SockDatagram);

    /// <summary>
    /// A listening packet socket at a path. Its mode is never wider than asked for; accepted sockets pass credentials
    /// and a pidfd with their first packet.
    /// </summary>
    /// <exception cref="FlowerSocketException">EADDRINUSE, EACCES, ENOENT …</exception>
    public static Descriptor ListenPackets(string path, uint mode)
    {
        Descriptor socket = Create(Native.SockSeqPacket);
        try
        {
            // Before it listens: a peer may connect and send at once, and the packets that come before the connection is
            // accepted must carry credentials too.
            PassPeers(socket);
            Listen(socket, path, mode);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A listening stream socket at a path.</summary>
    /// <exception cref="FlowerSocketException">As for <see cref="ListenPackets"/>.</exception>
    public static Descriptor ListenStream(string path, uint mode)
    {
        Descriptor socket = Create(Native.SockStream);
        try
        {
            Listen(socket, path, mode);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A listening stream socket at a path, whose mode is what the umask leaves.</summary>
    /// <param name="path">Where.</param>
    /// <param name="backlog">Connections that the kernel keeps until they are accepted.</param>
    /// <exception cref="FlowerSocketException">As for <see cref="ListenPackets"/>.</exception>
    public static Descriptor ListenStream(string path, int backlog)
    {
        byte[] address = Address(path);
        Descriptor socket = Create(Native.SockStream);
        fixed (byte* bytes = address)
        {
            if (Native.Bind(socket, bytes, (uint)address.Length) != 0 || Native.Listen(socket, backlog) != 0)
            {
                FlowerSocketException failure = FlowerSocketException.Last($"listen on {path}");
                socket.Dispose();
                throw failure;
            }
        }

        return socket;
    }

    /// <summary>The path that a socket is bound to; null: none.</summary>
    /// <exception cref="FlowerSocketException">It is no socket.</exception>
    public static string? PathOf(SafeHandle socket)
    {
        System.Net.SocketAddress name = StreamSocket.NewName();
        StreamSocket.GetName(socket, name);
        ReadOnlySpan<byte> path = name.Buffer.Span[2..Math.Max(2, name.Size)];
        return name.Family == System.Net.Sockets.AddressFamily.Unix && path.Length > 0 && path[0] != 0
            ? Encoding.UTF8.GetString(path.TrimEnd((byte)0))
            : null;
    }

    /// <summary>
    /// How many of the packets that were sent last the peer of a Unix socket has not taken, at most. The kernel counts the memory
    /// that they take (SIOCOUTQ, unix(7)), for each at least its bookkeeping, of more than 512 bytes on 64-bit machines
    /// (SKB_TRUESIZE in linux/skbuff.h).
    /// </summary>
    internal static int UnreadPackets(SafeHandle socket)
    {
        const int leastBytes = 512;
        int left = 0;
        return Native.IoCtl(socket, Native.SiocOutQ, &left) == 0 ? (left + leastBytes - 1) / leastBytes : int.MaxValue;
    }

    /// <summary>Accepts a connection, or returns null with the error number.</summary>
    internal static Descriptor? TryAccept(Descriptor listener, out int errno)
    {
        int number = Native.Accept4(listener, null, null, Native.SockCloExec);
        errno = number < 0 ? Marshal.GetLastPInvokeError() : 0;
        return number < 0 ? null : Descriptor.Adopt(number);
    }

    /// <summary>Whether the descriptor is a Unix packet socket.</summary>
    public static bool IsPacketSocket(SafeHandle descriptor) =>
        GetOption(descriptor, Native.SoDomain) == Native.AfUnix
        && GetOption(descriptor, Native.SoType) == Native.SockSeqPacket;

    /// <summary>Whether the descriptor is a stream socket of any family.</summary>
    public static bool IsStreamSocket(SafeHandle descriptor) =>
        GetOption(descriptor, Native.SoType) == Native.SockStream;

    /// <summary>Whether the descriptor is a Unix socket of any type.</summary>
    public static bool IsUnixSocket(SafeHandle descriptor) =>
        descriptor is Descriptor { IsUnixSocket: true } || GetOption(descriptor, Native.SoDomain) == Native.AfUnix;

    /// <summary>Whether the descriptor is a Unix socket that listens, of any type.</summary>
    public static bool IsListening(SafeHandle descriptor) =>
        IsUnixSocket(descriptor) && GetOption(descriptor, Native.SoAcceptConn) == 1;

    /// <summary>
    /// Lets a packet socket that somebody else made pass what one of <see cref="ListenPackets"/> passes: credentials and a pidfd
    /// with each packet that is received from here on.
    /// </summary>
    /// <exception cref="FlowerSocketException">It is no Unix socket.</exception>
    public static void PassPeers(SafeHandle socket)
    {
        PassCredentials(socket);
        PassPidFd(socket, true);
    }

    /// <summary>
    /// Sends a copy of a descriptor with one zero byte, as OpenSSH's ProxyUseFdpass expects it. The caller keeps both.
    /// </summary>
    /// <exception cref="FlowerSocketException">EPIPE: nobody receives; EAGAIN: the socket is full …</exception>
    public static void SendDescriptor(SafeHandle socket, SafeHandle descriptor)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(descriptor);
        int errno = Send(socket, [0], [descriptor]);
        if (errno != 0)
        {
            throw new FlowerSocketException("send a descriptor", errno);
        }
    }

    /// <summary>Whether the peer has closed its socket altogether (POLLHUP); does not wait.</summary>
    public static bool IsHungUp(SafeHandle socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return (ConnectedSocket.Poll(socket, 0) & Native.PollHup) != 0;
    }

    /// <summary>Asks for the sender's credentials with each packet.</summary>
    internal static void PassCredentials(SafeHandle socket) => SetOption(socket, Native.SoPassCred, 1);

    /// <summary>Asks for the sender's pidfd with each packet, or no longer. Kernels before 6.5 cannot.</summary>
    internal static void PassPidFd(SafeHandle socket, bool on)
    {
        int value = on ? 1 : 0;
        _ = Native.SetSockOpt(socket, Native.SolSocket, Native.SoPassPidFd, &value, sizeof(int));
    }

    /// <summary>
    /// Lets nobody send descriptors to a Unix socket, nor to what is accepted on it: EPERM tells who tries. What was sent
    /// before and was not received yet comes without its descriptors. Kernels before 6.16 cannot: there, nothing changes.
    /// </summary>
    public static void RefuseDescriptors(SafeHandle socket)
    {
        int off = 0;
        _ = Native.SetSockOpt(socket, Native.SolSocket, Native.SoPassRights, &off, sizeof(int));
    }

    /// <summary>Sends one packet with its descriptors, without waiting. 0, or the error number.</summary>
    internal static int Send(SafeHandle socket, ReadOnlySpan<byte> packet, ReadOnlySpan<SafeHandle> descriptors)
    {
        if (KernelFaults.OfThread?.OnSend(socket, descriptors.Length) is int fault and not 0)
        {
            return fault;
        }

        byte* control = stackalloc byte[ControlBytes];
        fixed (byte* bytes = packet)
        {
            var vector = new Native.IoVector { Base = bytes, Length = (nuint)packet.Length };
            var message = new Native.MessageHeader { Vectors = &vector, VectorCount = 1 };
            int held = 0;
            try
            {
                if (!descriptors.IsEmpty)
                {
                    message.Control = control;
                    message.ControlLength = WriteRights(control, descriptors, ref held);
                }

                while (Native.SendMsg(socket, &message, Native.MsgDontWait | Native.MsgNoSignal) < 0)
                {
                    int errno = Marshal.GetLastPInvokeError();
                    if (errno != Errno.Intr)
                    {
                        return errno;
                    }
                }

                return 0;
            }
            finally
            {
                while (held > 0)
                {
                    descriptors[--held].DangerousRelease();
                }
            }
        }
    }

    /// <summary>Receives one packet without waiting. 0, or the error number; <paramref name="packet"/> is then empty.</summary>
    internal static int Receive(SafeHandle socket, Span<byte> buffer, out ReceivedPacket packet)
    {
        byte* control = stackalloc byte[ControlBytes];
        fixed (byte* bytes = buffer)
        {
            var vector = new Native.IoVector { Base = bytes, Length = (nuint)buffer.Length };
            var message = new Native.MessageHeader
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = ControlBytes,
            };
            nint length;
            while ((length = Native.RecvMsg(socket, &message, Native.MsgDontWait | Native.MsgCmsgCloExec)) < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.Intr)
                {
                    packet = default;
                    return errno;
                }
            }

            packet = ReadControl(in message, (int)length);
            if (packet.Descriptors is not null && KernelFaults.OfThread is KernelFaults faults)
            {
                packet = packet.With(faults.OnReceived(packet.Descriptors.Count));
            }

            return 0;
        }
    }

    private static nuint WriteRights(byte* control, ReadOnlySpan<SafeHandle> descriptors, ref int held)
    {
        // struct cmsghdr { size_t cmsg_len; int cmsg_level; int cmsg_type; } and then the numbers.
        *(nuint*)control = (nuint)(16 + (descriptors.Length * sizeof(int)));
        *(int*)(control + 8) = Native.SolSocket;
        *(int*)(control + 12) = Native.ScmRights;
        int* numbers = (int*)(control + 16);
        foreach (SafeHandle descriptor in descriptors)
        {
            bool added = false;
            descriptor.DangerousAddRef(ref added);
            numbers[held++] = (int)descriptor.DangerousGetHandle();
        }

        return *(nuint*)control;
    }

    private static ReceivedPacket ReadControl(in Native.MessageHeader message, int length)
    {
        List<Descriptor>? descriptors = null;
        Credentials? sender = null;
        Descriptor? pidFd = null;
        byte* at = (byte*)message.Control;
        byte* end = at + message.ControlLength;
        while (end - at >= 16)
        {
            nuint size = *(nuint*)at;
            if (size < 16 || size > (nuint)(end - at))
            {
                break;
            }

            int type = *(int*)(at + 8) == Native.SolSocket ? *(int*)(at + 12) : 0;
            byte* data = at + 16;
            int count = (int)(size - 16);
            switch (type)
            {
                case Native.ScmRights:
                    for (int i = 0; i + 4 <= count; i += 4)
                    {
                        (descriptors ??= []).Add(Descriptor.Adopt(*(int*)(data + i)));
                    }

                    break;
                case Native.ScmCredentials when count >= sizeof(Credentials):
                    sender = *(Credentials*)data;
                    break;
                case Native.ScmPidFd when count >= 4 && *(int*)data >= 0:
                    pidFd = Descriptor.Adopt(*(int*)data);
                    break;
                default:
                    break;
            }

            at += (size + 7) & ~(nuint)7;
        }

        return new ReceivedPacket
        {
            Length = length,
            IsTruncated = (message.Flags & Native.MsgTrunc) != 0,
            IsControlTruncated = (message.Flags & Native.MsgCtrunc) != 0,
            Descriptors = descriptors,
            Sender = sender,
            PidFd = pidFd,
        };
    }

    private static (Descriptor One, Descriptor Other) Pair(int type)
    {
        KernelFaults.ThrowOnNew("make a socket pair");
        int* pair = stackalloc int[2];
        return Native.SocketPair(Native.AfUnix, type | Native.SockCloExec, 0, pair) == 0
            ? (Descriptor.AdoptUnixSocket(pair[0]), Descriptor.AdoptUnixSocket(pair[1]))
            : throw FlowerSocketException.Last("make a socket pair");
    }

    private static Descriptor Create(int type)
    {
        int number = Native.Socket(Native.AfUnix, type | Native.SockCloExec, 0);
        return number >= 0 ? Descriptor.Adopt(number) : throw FlowerSocketException.Last("make a socket");
    }

    private static Descriptor Connect(string path, int type)
    {
        byte[] address = Address(path);
        Descriptor socket = Create(type);
        fixed (byte* bytes = address)
        {
            if (Native.Connect(socket, bytes, (uint)address.Length) != 0)
            {
                FlowerSocketException failure = FlowerSocketException.Last($"connect to {path}");
                socket.Dispose();
                throw failure;
            }
        }

        return socket;
    }

    private static void Listen(Descriptor socket, string path, uint mode)
    {
        byte[] address = Address(path);
        fixed (byte* bytes = address)
        {
            // The file takes the socket's own mode (less the umask), so it is never open to more than it should be.
            if (Native.FChMod(socket, mode) != 0
                || Native.Bind(socket, bytes, (uint)address.Length) != 0
                || Native.Listen(socket, 4096) != 0)
            {
                throw FlowerSocketException.Last($"listen on {path}");
            }
        }

        File.SetUnixFileMode(path, (UnixFileMode)mode);
    }

    private static byte[] Address(string path)
    {
        byte[] name = Encoding.UTF8.GetBytes(path);
        if (name.Length is 0 or >= MaxPathBytes)
        {
            throw new FlowerSocketException($"socket path '{path}'", 36);
        }

        // An abstract name begins with a NUL, which is written '@', and has none at its end.
        bool isAbstract = name[0] == (byte)'@';
        byte[] address = new byte[2 + name.Length + (isAbstract ? 0 : 1)];
        address[0] = Native.AfUnix;
        name.CopyTo(address, 2);
        address[2] = isAbstract ? (byte)0 : name[0];
        return address;
    }

    /// <summary>An option of SOL_SOCKET (socket(7)); -1: it is no socket, or has no such option.</summary>
    internal static int GetOption(SafeHandle socket, int option)
    {
        int value = 0;
        uint length = sizeof(int);
        return Native.GetSockOpt(socket, Native.SolSocket, option, &value, &length) == 0 ? value : -1;
    }

    private static void SetOption(SafeHandle socket, int option, int value)
    {
        if (Native.SetSockOpt(socket, Native.SolSocket, option, &value, sizeof(int)) != 0)
        {
            throw FlowerSocketException.Last("set a socket option");
        }
    }
}
