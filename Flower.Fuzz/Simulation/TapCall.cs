// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Fuzz.Simulation;

/// <summary>Who taps connections, and relays them.</summary>
/// <param name="peer">Whose it is.</param>
/// <param name="wanted">The name whose connections it wants; null: all.</param>
/// <param name="credit">How many it takes to begin with.</param>
internal sealed class TapCall(Peer peer, string? wanted, uint credit) : StreamCall(peer, "TapStart")
{
    // The board promises no more at a time.
    private const uint Most = 64;

    private long _credit = credit;
    private ulong _missed;

    // When it was known to tap: the last connect that was asked for, and the last connection that was made, before it was
    // begun.
    private ulong _since = ulong.MaxValue;
    private readonly ulong _connectionsBefore = peer.World.LastConnectionId;

    /// <summary>Takes more connections.</summary>
    public void GrantConnections(uint more)
    {
        if (Say(new TapStartRequest { Credit = more }))
        {
            _credit += more;
        }
    }

    /// <summary>Whether a connection that a call was told of must have been tapped.</summary>
    public bool IsSureOf(IConnectCall call) =>
        call.Number > _since && !IsLeaving && !IsCancelled && !HasEnded && !Peer.IsOutlaw && Peer.MayEnd is null
        && Peer.Handle.Parent is null && (wanted is null || wanted == call.Wanted)
        && World.LastConnectionId - _connectionsBefore < Math.Min(credit, Most);

    public override void OnDeath()
    {
        base.OnDeath();
        World.TapsLost++;
    }

    protected override (bool Started, int Descriptors) OnTold(ByteString message, List<Descriptor>? descriptors)
    {
        TapStartResponse told = TapStartResponse.Parser.ParseFrom(message);
        if (told.Started is not null)
        {
            _since = World.LastConnect;
            return (true, 0);
        }

        if (told.Connection is not TappedConnection connection)
        {
            BrokenException.Unless(told.Missed > _missed, $"{Name} has missed {told.Missed}, and {_missed} before");
            _missed = told.Missed;
            return (false, 0);
        }

        BrokenException.Unless(--_credit >= 0, $"{Name} is given more connections than it takes");
        BrokenException.Unless(
            connection.ClientSocket is not null && connection.TargetSocket is not null && descriptors is { Count: 2 },
            $"{Name} is given half a connection");
        BrokenException.Unless(
            wanted is null || connection.ClientLabels.Concat(connection.TargetLabels).Any(label => label.Key == "name" && label.Value == wanted),
            $"{Name} is given connection {connection.Id}, which it did not want");
        World.Connections.OfTap(
            connection.Id, descriptors![(int)connection.ClientSocket!.Index],
            descriptors[(int)connection.TargetSocket!.Index]);
        return (false, 2);
    }

    protected override void OnEnd(StatusCode code, string message)
    {
        base.OnEnd(code, message);
        World.TapsLost += code == StatusCode.OK ? 0 : 1;
    }
}
