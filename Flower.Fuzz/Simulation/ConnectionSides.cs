// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.Fuzz.Simulation;

/// <summary>A connection, as far as its client, its target and its tap were told of it.</summary>
internal sealed class ConnectionSides
{
    public (IConnectCall Call, Descriptor Socket)? Client { get; set; }

    public (TargetCall Of, Descriptor Socket)? Target { get; set; }

    /// <summary>The ends that a tap has: the other one of the client's, and that of the target's.</summary>
    public (Descriptor ClientSide, Descriptor TargetSide)? Tap { get; set; }

    /// <summary>The number of the call that asked for it, as the target was told.</summary>
    public ulong? Offered { get; set; }

    /// <summary>The target has accepted it, and the board has said so.</summary>
    public bool IsCertain { get; set; }

    /// <summary>What tells the target apart, as the client was told.</summary>
    public string Tag { get; set; } = "";

    /// <summary>It is said to be tapped; null: nobody was told yet.</summary>
    public bool? IsTapped { get; private set; }

    /// <summary>It was asked for as one that can be taken back.</summary>
    public bool IsRevocable { get; set; }

    /// <summary>It was taken back by its number.</summary>
    public bool IsTakenBack { get; set; }

    /// <summary>A tap has it, and lives.</summary>
    public bool IsRelayed => Tap is { ClientSide.IsClosed: false };

    /// <summary>It was taken back, by its number or with the handle of either side.</summary>
    public bool IsRevoked => IsTakenBack
        || (IsRevocable && (Client is { Call.Peer.Handle.IsRevoked: true } || Target is { Of.Peer.Handle.IsRevoked: true }));

    /// <summary>Somebody was told whether it is tapped. Both sides are told the same.</summary>
    public void SayTapped(ulong id, bool isTapped)
    {
        BrokenException.Unless(
            IsTapped is null || IsTapped == isTapped, $"one side of connection {id} was told that it is tapped, the other not");
        IsTapped = isTapped;
    }
}
