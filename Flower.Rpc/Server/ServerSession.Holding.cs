// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Core;

namespace Flower.Rpc.Server;

/// <content>What a session makes this process hold: the heads and the first messages of its open calls.</content>
internal sealed partial class ServerSession
{
    // Less is not worth a look, and neither is so small a change.
    private const int FewBytes = 16 * 1024;
    private const int StepBytes = 4 * 1024;

    private long _heldBytes;

    // As it is told to those who count.
    private long ToldHeldBytes => _heldBytes < FewBytes ? 0 : _heldBytes - (_heldBytes % StepBytes);

    /// <summary>Holds so much more until the call ends. The session may end by that.</summary>
    private void Hold(ServerCall call, int bytes)
    {
        long before = ToldHeldBytes;
        call.HeldBytes += bytes;
        _heldBytes += bytes;
        if (ToldHeldBytes != before)
        {
            Weigh();
        }
    }

    private void Release(ServerCall call)
    {
        long before = ToldHeldBytes;
        _heldBytes -= call.HeldBytes;
        call.HeldBytes = 0;
        if (ToldHeldBytes != before)
        {
            Weigh();
        }
    }

    private void OnCallMessage(ServerCall call, ReadOnlyMemory<byte> message, List<Descriptor>? descriptors)
    {
        if (!call.WasAsked)
        {
            _unasked--;
            call.WasAsked = true;

            // Those that follow are read and let go.
            Hold(call, message.Length);
        }

        if (_stopped)
        {
            MessageCodec.Close(descriptors);
        }
        else
        {
            call.OnMessage(message, descriptors);
        }
    }

    // Refused with words, since what it carries may be its user's.
    private bool IsHeadTooLarge(uint callId, Start start, out int bytes)
    {
        bytes = start.CalculateSize();
        if (bytes <= PacketLimits.MaxStartBytes)
        {
            return false;
        }

        SendStatus(
            callId, StatusCode.ResourceExhausted,
            $"the start of a call has {bytes} bytes, metadata included: the limit is {PacketLimits.MaxStartBytes}");
        return true;
    }
}
