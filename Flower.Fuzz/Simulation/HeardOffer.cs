// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz.Simulation;

/// <summary>What has become of an offer, as its target knows.</summary>
internal enum OfferState
{
    /// <summary>It waits for an answer.</summary>
    Open,

    /// <summary>It was accepted.</summary>
    Accepted,

    /// <summary>It was rejected.</summary>
    Rejected,

    /// <summary>It was accepted, and its socket has come.</summary>
    Delivered,

    /// <summary>Nobody waits for the answer.</summary>
    Withdrawn,
}

/// <summary>An offer as its target knows it.</summary>
/// <param name="Id">Of the target's stream.</param>
/// <param name="Connection">Of the board.</param>
/// <param name="Client">The number of the call that asked for it.</param>
internal sealed record HeardOffer(ulong Id, ulong Connection, ulong Client)
{
    public OfferState State { get; set; }

    /// <summary>It is said that the connection is tapped.</summary>
    public bool IsTapped { get; init; }

    /// <summary>Its socket has come.</summary>
    public bool IsSent { get; set; }

    /// <summary>How often it was accepted.</summary>
    public int Accepts { get; set; }

    /// <summary>How often it was said to be void.</summary>
    public int Withdrawals { get; set; }
}
