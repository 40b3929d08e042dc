// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;
using Grpc.Core;
using RpcStatus = Grpc.Core.Status;

namespace Flower.Rpc.Server;

/// <content>How whoever has the socket of a session gets one of his own (packet.proto, Open).</content>
public sealed partial class SessionServer
{
    /// <summary>Makes a session, and sends its other end, or why there is none, over a socket.</summary>
    /// <remarks>
    /// Nothing is ever received from that socket: who has sent it may have a copy, and receive into memory that never comes,
    /// which recvmsg(2) here would wait for. sendmsg(2) does not.
    /// </remarks>
    /// <param name="replyTo">Where the answer goes; the server now owns it.</param>
    /// <param name="authority">That of the session over which it came.</param>
    /// <param name="opener">Which user sent it.</param>
    /// <returns>False: there is no session.</returns>
    internal bool Open(Descriptor replyTo, ISessionAuthority authority, uint opener = LogRate.Nobody)
    {
        using (replyTo)
        {
            if (!UnixSocket.IsPacketSocket(replyTo) || UnixSocket.GetOption(replyTo, Native.SoAcceptConn) > 0)
            {
                SayRefused(opener, "the descriptor is not a Unix packet socket");
                return false;
            }

            Descriptor ours;
            Descriptor theirs;
            try
            {
                (ours, theirs) = UnixSocket.PacketPair();
            }
            catch (FlowerSocketException e)
            {
                SayRefused(opener, e.Message);
                Refuse(replyTo, new(StatusCode.Unavailable, "the switchboard has no descriptor left: try again later"));
                return false;
            }

            using (theirs)
            {
                return Open(ours, theirs, replyTo, authority, opener);
            }
        }
    }

    // Order: it is kept before anybody can have it.
    private bool Open(Descriptor ours, Descriptor theirs, Descriptor replyTo, ISessionAuthority authority, uint opener)
    {
        UnixSocket.PassPidFd(ours, true);
        var session = new ServerSession(this, ours, authority, isShared: false, _paused);
        if (Admit(session, out string? said) is RpcStatus refusal)
        {
            session.Close(said);
            Refuse(replyTo, refusal);
            return false;
        }

        // Its holder may have no other way to come back.
        session.Keep();
        var opened = new Frame { FdCount = 1, Opened = new Opened { Session = new FileDescriptor() } };
        int errno = Send(replyTo, opened, theirs);
        if (errno == 0)
        {
            return true;
        }

        // It may be asked again, as of a switchboard that is away.
        session.Close(null);
        if (errno is Errno.TooManyRefs or Errno.NoMem or Errno.NoBufs)
        {
            Refuse(replyTo, new(
                StatusCode.Unavailable, "the switchboard has too many descriptors on their way: try again later"));
        }

        return false;
    }

    // Its sender may keep a copy of the socket: he sees the end all the same.
    private static void Refuse(Descriptor replyTo, RpcStatus why)
    {
        var status = new Protocol.V1.Status { Code = (uint)why.StatusCode, Message = why.Detail };
        _ = Send(replyTo, new Frame { Status = status });
        ConnectedSocket.End(replyTo);
    }

    private static int Send(Descriptor to, Frame frame, params ReadOnlySpan<System.Runtime.InteropServices.SafeHandle> descriptors) =>
        UnixSocket.Send(to, new Packet { Frames = { frame } }.ToByteArray(), descriptors);

    /// <summary>Says in the log why a session was not opened, as often as who asked for it may cause lines.</summary>
    internal void SayRefused(uint opener, string why)
    {
        if (Lines.Allows(opener))
        {
            RpcLog.OpenRefused(Logger, why);
        }
    }
}
