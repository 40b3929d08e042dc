// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Fuzz.Simulation;

/// <summary>One call of a peer, and what the peer may expect of it.</summary>
/// <param name="peer">Whose it is.</param>
/// <param name="method">Of the service.</param>
internal abstract class PeerCall(Peer peer, string method)
{
    // What no call of a well-behaved peer may ever see.
    private static readonly StatusCode[] Never =
    [
        StatusCode.Unknown, StatusCode.Internal, StatusCode.Unimplemented, StatusCode.DataLoss,
        StatusCode.Unauthenticated, StatusCode.OutOfRange, StatusCode.AlreadyExists, StatusCode.Aborted,
    ];

    public Peer Peer { get; } = peer;

    public World World { get; } = peer.World;

    public string Method { get; } = method;

    public uint Id { get; set; }

    public long TimeoutMs { get; init; }

    public uint Credit { get; init; }

    /// <summary>When its time is over.</summary>
    public long Deadline { get; set; } = long.MaxValue;

    /// <summary>The peer has given it up.</summary>
    public bool IsCancelled { get; private set; }

    /// <summary>Its request could not be sent, so nobody owes it an answer.</summary>
    public bool HasNoRequest { get; set; }

    /// <summary>It has had its status.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>How many more messages the board may send.</summary>
    protected long Granted { get; set; }

    /// <summary>It lasts for as long as its peer wants: nobody owes it an end.</summary>
    public virtual bool IsStream => false;

    /// <summary>It has said what it must not, and may be told so.</summary>
    protected virtual bool MayBeInvalid => false;

    protected string Name => $"call {Id} ({Method}) of peer {Peer.Id}";

    public abstract void OnMessage(ByteString message, List<Descriptor>? descriptors);

    public virtual void OnCredit(uint messages) =>
        throw new BrokenException($"{Name} is granted {messages} messages, of which it has one");

    public void End(StatusCode code, string message)
    {
        HasEnded = true;
        bool isExpected = code switch
        {
            StatusCode.Cancelled => IsCancelled,
            // Its own deadline, or that of the target: then the message says so.
            StatusCode.DeadlineExceeded =>
                World.Now >= Deadline || !message.StartsWith("the call's deadline", StringComparison.Ordinal),
            StatusCode.InvalidArgument => MayBeInvalid,
            _ => !Never.Contains(code),
        };
        BrokenException.Unless(isExpected, $"{Name} ended with {code}: {message}");
        OnEnd(code, message);
    }

    /// <summary>Takes as many more messages as it has had.</summary>
    public virtual void Grant()
    {
    }

    /// <summary>Gives it up.</summary>
    public void Cancel()
    {
        if (Peer.Send([], new Frame { CallId = Id, Cancel = new Cancel() }))
        {
            IsCancelled = true;
        }
    }

    /// <summary>The peer has died.</summary>
    public virtual void OnDeath() => HasEnded = true;

    protected abstract void OnEnd(StatusCode code, string message);
}
