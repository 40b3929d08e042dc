// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Rpc.Server;

/// <content>
/// The descriptors that the peer had not taken when its session ended. Whoever keeps his end of the socket keeps them on their
/// way, at the cost of this process (RLIMIT_NOFILE in unix(7), ETOOMANYREFS in send(2)): so the session goes on counting, as a
/// session too, until he has read them or closed his end. Only the socket is left of it.
/// </content>
internal sealed partial class ServerSession
{
    private static readonly TimeSpan LookAtMost = TimeSpan.FromSeconds(5);

    /// <summary>Forgets a session that has ended for good: what is unread counts no more. On the loop.</summary>
    internal void Leave()
    {
        _socket.Dispose();
        Server.Left(this);
    }

    // Both directions have ended: a poll tells a hang-up from then on, whether the peer has closed or not. But what it has not read is
    // told, and becomes nothing when it closes.
    private void LeaveOnceRead(TimeSpan wait)
    {
        LookAtDescriptors(atLeast: 1);
        if (_descriptorsInFlight == 0)
        {
            Leave();
            return;
        }

        DropReceived();

        // It can be made to end no more than it has.
        _ = Authority.Weigh(this, 0, _descriptorsInFlight);
        Loop.After(wait, () =>
        {
            if (!_socket.IsClosed)
            {
                LeaveOnceRead(wait * 2 < LookAtMost ? wait * 2 : LookAtMost);
            }
        });
    }

    // Nothing more comes, since both directions have ended; but somebody may wait for the answer to an Open that has come.
    private void DropReceived()
    {
        using var buffer = PacketBuffer.Take();
        while (UnixSocket.Receive(_socket, buffer.Bytes.Span, out ReceivedPacket received) == 0 && received.Length > 0)
        {
            received.CloseElsewhere();
            received.DisposeDescriptors();
        }
    }
}
