// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// Asks the kernel which connected sockets there are in the network namespace of this process, whoever holds them
/// (NETLINK_SOCK_DIAG; sock_diag(7)). Needs no privilege. Owns its socket; for one thread.
/// </summary>
/// <remarks>
/// The kernel tells them piece by piece, and finds its place again by counting, so where sockets come and go meanwhile one
/// may be told twice, or be left out: who wants to know that a socket has gone asks twice.
/// </remarks>
public sealed unsafe class SocketDiagnostics : IDisposable
{
    // SOCK_DIAG_BY_FAMILY (linux/sock_diag.h).
    private const ushort ByFamily = 20;

    // struct unix_diag_req; UDIAG_SHOW_PEER and UDIAG_SHOW_RQLEN.
    private const int UnixRequestBytes = 24;
    private const uint ShowPeer = 4;
    private const uint ShowQueues = 0x10;

    // struct inet_diag_req_v2; 1 << (INET_DIAG_INFO - 1).
    private const int InetRequestBytes = 56;
    private const byte WithInfo = 2;

    private const uint EstablishedOnly = 1 << (int)SocketState.Established;
    private const uint Connected = EstablishedOnly | 1 << (int)SocketState.SynSent | 1 << (int)SocketState.FinWait1
        | 1 << (int)SocketState.FinWait2 | 1 << (int)SocketState.CloseWait | 1 << (int)SocketState.LastAck
        | 1 << (int)SocketState.Closing;

    // The kernel's pieces are at most 32 KiB.
    private const int DatagramBytes = 64 * 1024;
    private const int MaxInterruptions = 8;

    private readonly byte[] _datagram = new byte[DatagramBytes];
    private readonly Descriptor _descriptor;
    private uint _sequence;

    private SocketDiagnostics(Descriptor descriptor) => _descriptor = descriptor;

    private delegate DiagnosedSocket? Reader(ReadOnlySpan<byte> message);

    /// <summary>The network namespace that it tells of, as in <see cref="SocketIdentity"/>.</summary>
    public ulong Network => SocketIdentity.NetworkOf(_descriptor);

    /// <summary>Begins.</summary>
    /// <exception cref="FlowerSocketException">EPERM, EAFNOSUPPORT or EPROTONOSUPPORT: not here (seccomp, or a kernel
    /// without it); EMFILE, ENFILE …</exception>
    public static SocketDiagnostics Open()
    {
        int number = Native.Socket(
            Native.AfNetlink, Native.SockRaw | Native.SockCloExec | Native.SockNonBlock, Native.NetlinkSockDiag);
        var diagnostics = new SocketDiagnostics(
            number >= 0 ? Descriptor.Adopt(number) : throw FlowerSocketException.Last("ask the kernel about sockets"));
        // Connected to the kernel, which is port 0, it hears nobody else (netlink(7)).
        byte* address = stackalloc byte[Native.SockAddrNetlinkBytes];
        new Span<byte>(address, Native.SockAddrNetlinkBytes).Clear();
        *(ushort*)address = Native.AfNetlink;
        if (Native.Connect(diagnostics._descriptor, address, Native.SockAddrNetlinkBytes) != 0)
        {
            var failure = FlowerSocketException.Last("ask the kernel about sockets");
            diagnostics.Dispose();
            throw failure;
        }

        return diagnostics;
    }

    /// <summary>Hands over the connected Unix sockets, some of them maybe more than once.</summary>
    /// <exception cref="FlowerSocketException">The kernel cannot tell.</exception>
    public void ReadUnix(Action<DiagnosedSocket> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Span<byte> request = stackalloc byte[UnixRequestBytes];
        request.Clear();
        request[0] = Native.AfUnix;
        uint states = EstablishedOnly;
        uint show = ShowPeer | ShowQueues;
        MemoryMarshal.Write(request[4..], states);
        MemoryMarshal.Write(request[12..], show);
        Read(request, DiagnosedSocketReader.ReadUnix, handler);
    }

    /// <summary>Hands over the connected TCP sockets over IPv4 and IPv6, some of them maybe more than once.</summary>
    /// <param name="measured">With what is measured of each.</param>
    /// <param name="handler">Takes them.</param>
    /// <exception cref="FlowerSocketException">The kernel cannot tell.</exception>
    public void ReadTcp(bool measured, Action<DiagnosedSocket> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Span<byte> request = stackalloc byte[InetRequestBytes];
        foreach (int family in (ReadOnlySpan<int>)[Native.AfInet, Native.AfInet6])
        {
            request.Clear();
            request[0] = (byte)family;
            request[1] = Native.IpProtoTcp;
            request[2] = measured ? WithInfo : (byte)0;
            uint states = Connected;
            MemoryMarshal.Write(request[4..], states);
            try
            {
                Read(request, DiagnosedSocketReader.ReadTcp, handler);
            }
            catch (FlowerSocketException e) when (e.Errno == Errno.NoEnt && family == Native.AfInet6)
            {
                // A kernel without IPv6.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();

    private void Read(ReadOnlySpan<byte> request, Reader read, Action<DiagnosedSocket> handler)
    {
        Span<byte> message = stackalloc byte[NetlinkMessages.HeaderBytes + request.Length];
        for (int left = MaxInterruptions; ; left--)
        {
            NetlinkMessages.WriteHeader(
                message, ByFamily, NetlinkMessages.Request | NetlinkMessages.Dump, ++_sequence);
            request.CopyTo(message[NetlinkMessages.HeaderBytes..]);
            int sent = ConnectedSocket.Send(_descriptor, message);
            if (sent < 0)
            {
                throw new FlowerSocketException("ask the kernel about sockets", -sent);
            }

            bool wasInterrupted = false;
            while (Receive(read, handler, ref wasInterrupted))
            {
            }

            if (!wasInterrupted)
            {
                return;
            }

            if (left == 0)
            {
                throw new FlowerSocketException("ask the kernel about sockets", Errno.Again);
            }
        }
    }

    // One piece; false: it was the last one. The kernel makes the next one before a receive returns, so none is waited for.
    private bool Receive(Reader read, Action<DiagnosedSocket> handler, ref bool wasInterrupted)
    {
        int count = ReceiveWhole();
        if (count < 0 || count > _datagram.Length)
        {
            throw new FlowerSocketException("ask the kernel about sockets", count < 0 ? -count : Errno.MsgSize);
        }

        var messages = new NetlinkMessages(_datagram.AsSpan(0, count));
        while (messages.MoveNext())
        {
            if (messages.Sequence != _sequence)
            {
                // The rest of an answer that was given up.
                continue;
            }

            wasInterrupted |= (messages.Flags & NetlinkMessages.Interrupted) != 0;
            switch (messages.Type)
            {
                case NetlinkMessages.Error:
                    throw new FlowerSocketException("ask the kernel about sockets", messages.ErrorNumber);
                case NetlinkMessages.Done when messages.ErrorNumber > 0:
                    throw new FlowerSocketException("ask the kernel about sockets", messages.ErrorNumber);
                case NetlinkMessages.Done:
                    return false;
                case ByFamily when read(messages.Payload) is DiagnosedSocket socket:
                    handler(socket);
                    break;
                default:
                    break;
            }
        }

        return messages.IsMalformed ? throw new FlowerSocketException("ask the kernel about sockets", Errno.MsgSize) : true;
    }

    // MSG_TRUNC gives the length that there was, also where the buffer is too short (netlink(7), recv(2)).
    private int ReceiveWhole()
    {
        fixed (byte* into = _datagram)
        {
            while (true)
            {
                nint count = Native.Recv(
                    _descriptor, into, (nuint)_datagram.Length, Native.MsgDontWait | Native.MsgTrunc);
                int errno = count < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (errno != Errno.Intr)
                {
                    return count < 0 ? -errno : (int)count;
                }
            }
        }
    }
}
