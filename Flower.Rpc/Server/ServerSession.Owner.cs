// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Core;
using RpcStatus = Grpc.Core.Status;

namespace Flower.Rpc.Server;

/// <content>Whose a session is, and what a socket that many share may carry.</content>
internal sealed partial class ServerSession
{
    private bool _isEnding;
    private int _toldAtEnd;

    private void OnOpen(Open open, List<Descriptor>? descriptors, Credentials? sender)
    {
        if (descriptors is not { Count: 1 } || open.ReplyTo is not { Index: 0 })
        {
            MessageCodec.Close(descriptors);
            throw new PacketException("an Open without its one descriptor");
        }

        if (_isEnding && ++_toldAtEnd > MaxTold)
        {
            MessageCodec.Close(descriptors);
            return;
        }

        // A socket that carries Opens may be shared, so one child's mistake must not end it for the others.
        _isShared |= _owner is null;
        if (!Server.Open(descriptors[0], Authority, sender?.Uid ?? LogRate.Nobody) && !_isEnding)
        {
            Rest();
        }
    }

    private void Identify(in ReceivedPacket received)
    {
        if (received.Sender is not Credentials sender || sender.Pid == 0)
        {
            throw new PacketException("a packet without credentials");
        }

        if (_owner is Credentials owner)
        {
            if (owner != sender)
            {
                throw new PacketException(
                    $"a packet from pid {sender.Pid} uid {sender.Uid} on the session of pid {owner.Pid} uid {owner.Uid}");
            }

            if (_pidFd is null)
            {
                TakePidFd(received);
            }

            return;
        }

        _owner = sender;
        TakePidFd(received);
        KeepOwner();

        if (Authority.Bind(this) is RpcStatus refusal)
        {
            Stop(refusal.StatusCode, refusal.Detail);
        }
    }

    // A pidfd costs a descriptor a packet, so it is asked for once.
    private void TakePidFd(in ReceivedPacket received)
    {
        UnixSocket.PassPidFd(_socket, false);
        if (received.PidFd is Descriptor pidFd)
        {
            _pidFd = pidFd;
            WatchOwner(pidFd);
        }
    }

    private void Refuse(string reason, Credentials? sender)
    {
        if (_owner is null && _isShared)
        {
            if (Server.Lines.Allows(sender?.Uid ?? LogRate.Nobody))
            {
                RpcLog.PacketDropped(Logger, reason);
            }
        }
        else
        {
            // For the log: a session whose first packet is bad has no owner yet, and "pid 0 uid 0" would blame root.
            _owner ??= sender;
            Stop(StatusCode.InvalidArgument, reason);
        }
    }
}
