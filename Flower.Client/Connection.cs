// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;

namespace Flower.Client;

/// <summary>
/// A connected socket and the labels of both sides. Owns the socket until <see cref="TakeDescriptor"/>. From here on
/// the
/// switchboard is out of the path. Not thread-safe, but its socket is as thread-safe as any.
/// </summary>
/// <remarks>
/// The socket is blocking. An asynchronous operation on it, or on its stream, makes it non-blocking for everyone who
/// shares it, for good: a socket that will be handed to another program wants synchronous use only.
/// </remarks>
public sealed class Connection : IAsyncDisposable, IDisposable
{
    private Descriptor? _descriptor;
    private Socket? _socket;

    // A server's, among those that it has.
    private readonly IDisposable? _count;

    internal Connection(Descriptor descriptor, ConnectionLabels labels, IDisposable? count = null)
    {
        _count = count;
        _descriptor = descriptor;
        Labels = labels;
    }

    /// <summary>The union of both sides' labels.</summary>
    public ConnectionLabels Labels { get; }

    /// <summary>
    /// Whether the switchboard can shut the connection down. Then whoever has done with the socket must shut it down, since
    /// the switchboard may hold a duplicate, and the peer sees no end of the stream by a close alone.
    /// </summary>
    public bool IsRevocable => Labels["flower.revocable"] is not null;

    /// <summary>The socket, which stays the connection's.</summary>
    /// <exception cref="ObjectDisposedException">The connection was disposed, or its descriptor taken.</exception>
    public Socket Socket
    {
        get
        {
            if (_socket is null)
            {
                _socket = new Socket(Take().ToSocketHandle());
            }

            return _socket;
        }
    }

    /// <summary>A stream on the socket, which stays the connection's.</summary>
    public NetworkStream GetStream() => new(Socket, ownsSocket: false);

    /// <summary>
    /// The descriptor, which becomes the caller's. The connection is of no more use, and counts as closed: see
    /// <see cref="Listener.CountConnection"/>.
    /// </summary>
    public Descriptor TakeDescriptor()
    {
        _count?.Dispose();
        if (_socket is null)
        {
            return Take();
        }

        Descriptor descriptor = Descriptor.FromSocket(_socket);
        _socket.Dispose();
        return descriptor;
    }

    /// <summary>Closes the socket. That of a revocable connection is shut down first, for all who share it.</summary>
    public void Dispose()
    {
        // First: when the peer sees the end, it is counted.
        _count?.Dispose();
        if (IsRevocable && (_descriptor ?? (SafeHandle?)_socket?.SafeHandle) is { IsClosed: false } socket)
        {
            ConnectedSocket.End(socket);
        }

        _descriptor?.Dispose();
        _descriptor = null;
        _socket?.Dispose();
    }

    /// <summary>Closes the socket, as <see cref="Dispose"/> does.</summary>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    private Descriptor Take()
    {
        Descriptor? descriptor = _descriptor;
        ObjectDisposedException.ThrowIf(descriptor is null, this);
        _descriptor = null;
        return descriptor;
    }
}
