// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Core;

namespace Flower.Rpc;

/// <content>How a session begins.</content>
public sealed partial class SessionChannel
{
    /// <summary>A session on the socket of a switchboard.</summary>
    /// <exception cref="FlowerSocketException">ENOENT, ECONNREFUSED, EACCES …</exception>
    public static SessionChannel ConnectPath(string path) =>
        new(UnixSocket.ConnectPackets(path, wait: true), $"unix:{path}", isShared: false, loop: null);

    /// <summary>The same, on a loop of the caller's choice, and without waiting for a switchboard that does not accept.</summary>
    /// <exception cref="FlowerSocketException">As for <see cref="ConnectPath"/>; EAGAIN: too many wait already.</exception>
    public static SessionChannel TryConnectPath(string path, EventLoop loop) =>
        new(UnixSocket.ConnectPackets(path, wait: false), $"unix:{path}", isShared: false, loop);

    /// <summary>A session through a descriptor that others may share; it stays the caller's.</summary>
    /// <exception cref="FlowerSocketException">The descriptor is not a session socket, or its switchboard is gone.</exception>
    public static SessionChannel OpenShared(SafeHandle shared) =>
        OpenThrough(shared, PacketLimits.MaxUnwritable, loop: null);

    /// <summary>The same, on a loop of the caller's choice, and without waiting for room in its queue.</summary>
    /// <exception cref="FlowerSocketException">As for <see cref="OpenShared"/>; EAGAIN: there is no room.</exception>
    public static SessionChannel TryOpenShared(SafeHandle shared, EventLoop loop) =>
        OpenThrough(shared, TimeSpan.Zero, loop);

    /// <summary>A session through a descriptor that this process was given, such as a constrained handle; closes it.</summary>
    /// <exception cref="FlowerSocketException">As for <see cref="OpenShared"/>.</exception>
    public static SessionChannel Adopt(Descriptor session)
    {
        using (session)
        {
            return OpenShared(session);
        }
    }

    private static SessionChannel OpenThrough(SafeHandle shared, TimeSpan limit, EventLoop? loop)
    {
        ArgumentNullException.ThrowIfNull(shared);
        (Descriptor own, Descriptor theirs) = UnixSocket.PacketPair();
        var open = new Packet
        {
            Frames = { new Frame { FdCount = 1, Open = new Open { ReplyTo = new FileDescriptor() } } },
        };
        int errno;
        using (theirs)
        {
            // A full queue empties as soon as the switchboard runs; others may share it, so this is a short wait.
            var patience = System.Diagnostics.Stopwatch.StartNew();
            while ((errno = UnixSocket.Send(shared, Google.Protobuf.MessageExtensions.ToByteArray(open), [theirs])) == Errno.Again
                && patience.Elapsed < limit)
            {
                Thread.Yield();
            }
        }

        if (errno != 0)
        {
            own.Dispose();
            throw new FlowerSocketException("open a session through a handle", errno);
        }

        return new SessionChannel(own, "handle", isShared: true, loop);
    }

    // Until now, what was called waits: nothing is said on the socket that only brings the session.
    private void OnOpened(Opened opened, List<Descriptor>? descriptors, bool lost)
    {
        if (lost)
        {
            MessageCodec.Close(descriptors);
            End(new(SessionLoss.Gone, StatusCode.ResourceExhausted, "this process has no descriptor left for a session"));
            return;
        }

        if (descriptors is not { Count: 1 } || opened.Session is not { Index: 0 })
        {
            MessageCodec.Close(descriptors);
            End(new(SessionLoss.Broken, StatusCode.Internal, "the switchboard sent an Opened without its one descriptor"));
            return;
        }

        lock (_gate)
        {
            if (_loss is not null)
            {
                descriptors[0].Dispose();
                return;
            }

            _watch.Dispose();
            _socket.Dispose();
            _socket = descriptors[0];
            _writer.MoveTo(_socket);
            _watch = _loop.Add(_socket, Readiness.Read, OnReady);
            _isOpening = false;
            Flush();
        }
    }
}
