// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>What sock_diag(7) tells of a socket. Immutable.</summary>
public readonly record struct DiagnosedSocket
{
    /// <summary>As in <see cref="SocketIdentity"/>.</summary>
    public ulong Cookie { get; init; }

    /// <summary>Its inode, as in /proc/PID/fd: "socket:[12345]". 0: no process holds it any more.</summary>
    public uint Inode { get; init; }

    /// <summary>Of a Unix socket, the inode of its peer; 0: that has gone.</summary>
    public uint PeerInode { get; init; }

    /// <summary>Its state.</summary>
    public SocketState State { get; init; }

    /// <summary>Of a Unix socket: nothing more can be received.</summary>
    public bool HasEndedReceiving { get; init; }

    /// <summary>Of a Unix socket: nothing more can be sent.</summary>
    public bool HasEndedSending { get; init; }

    /// <summary>Bytes that wait in it to be received.</summary>
    public uint ReceiveQueue { get; init; }

    /// <summary>Of TCP, bytes that were sent and not acknowledged; of a Unix socket, the memory that these take.</summary>
    public uint SendQueue { get; init; }

    /// <summary>It is a TCP socket; otherwise a Unix one.</summary>
    public bool IsTcp { get; init; }

    /// <summary>Of TCP, if it was asked for.</summary>
    public TcpMeasures? Tcp { get; init; }
}
