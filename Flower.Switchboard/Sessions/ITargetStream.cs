// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// What the board says to a target. A server and an egress hear the same things in messages of their own. Each call
/// takes the socket, also when it fails.
/// </summary>
internal interface ITargetStream
{
    /// <summary>The target hears an offer at once: see <see cref="Offer"/>.</summary>
    bool CanOffer { get; }

    Task StartedAsync(IReadOnlyList<Label> labels);

    Task OfferAsync(
        ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent, CancellationToken cancellationToken);

    /// <summary>As <see cref="OfferAsync"/>, where <see cref="CanOffer"/> says so.</summary>
    void Offer(ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent);

    Task DeliverAsync(ulong id, SafeHandle socket);

    Task WithdrawAsync(ulong id);
}
