// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// Reads the answers of sock_diag(7): struct unix_diag_msg (linux/unix_diag.h) and struct inet_diag_msg (linux/inet_diag.h).
/// </summary>
internal static class DiagnosedSocketReader
{
    private const int UnixMessageBytes = 16;
    private const int InetMessageBytes = 72;
    private const int StateOffset = 2;
    private const int InetStateOffset = 1;

    // UNIX_DIAG_PEER, UNIX_DIAG_RQLEN, UNIX_DIAG_SHUTDOWN; RCV_SHUTDOWN, SEND_SHUTDOWN (net/sock.h).
    private const ushort UnixPeer = 2;
    private const ushort UnixQueues = 4;
    private const ushort UnixShutdown = 6;
    private const byte ReceiveShutdown = 1;
    private const byte SendShutdown = 2;

    // INET_DIAG_INFO.
    private const ushort InetInfo = 2;

    /// <summary>A Unix socket; null: the message is too short.</summary>
    public static DiagnosedSocket? ReadUnix(ReadOnlySpan<byte> message)
    {
        if (message.Length < UnixMessageBytes)
        {
            return null;
        }

        var socket = new DiagnosedSocket
        {
            State = (SocketState)message[StateOffset],
            Inode = MemoryMarshal.Read<uint>(message[4..]),
            Cookie = MemoryMarshal.Read<ulong>(message[8..]),
        };
        var attributes = new NetlinkAttributes(message[UnixMessageBytes..]);
        while (attributes.MoveNext())
        {
            ReadOnlySpan<byte> value = attributes.Value;
            socket = attributes.Type switch
            {
                UnixPeer when value.Length >= 4 => socket with { PeerInode = MemoryMarshal.Read<uint>(value) },
                UnixQueues when value.Length >= 8 => socket with
                {
                    ReceiveQueue = MemoryMarshal.Read<uint>(value),
                    SendQueue = MemoryMarshal.Read<uint>(value[4..]),
                },
                UnixShutdown when value.Length >= 1 => socket with
                {
                    HasEndedReceiving = (value[0] & ReceiveShutdown) != 0,
                    HasEndedSending = (value[0] & SendShutdown) != 0,
                },
                _ => socket,
            };
        }

        return socket;
    }

    /// <summary>A TCP socket; null: the message is too short.</summary>
    public static DiagnosedSocket? ReadTcp(ReadOnlySpan<byte> message)
    {
        if (message.Length < InetMessageBytes)
        {
            return null;
        }

        // struct inet_diag_sockid is 48 bytes from 4 on, and the cookie its last 8.
        var socket = new DiagnosedSocket
        {
            IsTcp = true,
            State = (SocketState)message[InetStateOffset],
            Cookie = MemoryMarshal.Read<ulong>(message[44..]),
            ReceiveQueue = MemoryMarshal.Read<uint>(message[56..]),
            SendQueue = MemoryMarshal.Read<uint>(message[60..]),
            Inode = MemoryMarshal.Read<uint>(message[68..]),
        };
        var attributes = new NetlinkAttributes(message[InetMessageBytes..]);
        while (attributes.MoveNext())
        {
            if (attributes.Type == InetInfo)
            {
                socket = socket with { Tcp = TcpMeasures.Read(attributes.Value) };
            }
        }

        return socket;
    }
}
