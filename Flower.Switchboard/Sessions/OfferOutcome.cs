// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Switchboard.Sessions;

/// <summary>How an offer to a target ended.</summary>
internal abstract record OfferOutcome
{
    private OfferOutcome()
    {
    }

    /// <summary>Taken; an egress gives its socket, which the receiver of this value now owns.</summary>
    internal sealed record Accepted(SafeHandle? Socket) : OfferOutcome;

    /// <summary>Not taken; because it has too much to do, or for good.</summary>
    internal sealed record Rejected(string Reason, bool IsOverloaded = false) : OfferOutcome;

    /// <summary>The target's stream ended.</summary>
    internal sealed record Gone : OfferOutcome;

    /// <summary>The accept deadline passed.</summary>
    internal sealed record Silent : OfferOutcome;
}
