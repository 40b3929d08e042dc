// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Fuzz.Simulation;

/// <summary>A call that lasts: both sides say as much as the other one takes.</summary>
internal abstract class StreamCall(Peer peer, string method) : PeerCall(peer, method)
{
    private long _maySend = 31;

    /// <summary>It has said its last word.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>It was told that it has begun.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>How often everything had come to rest then.</summary>
    public long StartedAt { get; private set; } = long.MaxValue;

    /// <summary>It may end at any time, since it has said what it must not.</summary>
    public bool IsWrong { get; protected set; }

    public override bool IsStream => true;

    protected override bool MayBeInvalid => IsWrong;

    public override void OnCredit(uint messages) => _maySend += messages;

    public override void OnMessage(ByteString message, List<Descriptor>? descriptors)
    {
        BrokenException.Unless(--Granted >= -32, $"{Name} is sent more messages than it takes");
        (bool started, int expected) = OnTold(message, descriptors);
        BrokenException.Unless(HasStarted != started, $"{Name}: what it is told first is not that it began, or twice");
        StartedAt = HasStarted ? StartedAt : World.Calms;
        HasStarted = true;
        BrokenException.Unless(
            (descriptors?.Count ?? 0) == expected, $"{Name} is sent {descriptors?.Count ?? 0} descriptors");
    }

    /// <summary>Takes more messages.</summary>
    public override void Grant()
    {
        if (Granted < 0 && Peer.Send([], new Frame { CallId = Id, Credit = new Credit { Messages = (uint)-Granted } }))
        {
            Granted = 0;
        }
    }

    /// <summary>Ends it in order.</summary>
    public void Leave()
    {
        if (Peer.Send([], new Frame { CallId = Id, HalfClose = new HalfClose() }))
        {
            IsLeaving = true;
        }
    }

    /// <summary>It is told something.</summary>
    /// <returns>Whether that is that it has begun, and how many descriptors belong to it.</returns>
    protected abstract (bool Started, int Descriptors) OnTold(ByteString message, List<Descriptor>? descriptors);

    protected override void OnEnd(StatusCode code, string message) =>
        BrokenException.Unless(code != StatusCode.OK || IsLeaving, $"{Name} ended by itself");

    protected bool Say(IMessage message, params SafeHandle[] descriptors)
    {
        if (IsLeaving || _maySend <= 0 || !Peer.Send(
            descriptors,
            new Frame { CallId = Id, FdCount = (uint)descriptors.Length, Message = message.ToByteString() }))
        {
            return false;
        }

        _maySend--;
        return true;
    }
}
