// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Grpc.Core;

namespace Flower.Fuzz.Simulation;

/// <summary>Takes a handle back, or tries to.</summary>
internal sealed class RevokeCall(Peer peer, KnownHandle what) : UnaryCall<RevokeResponse>(peer, "Revoke")
{
    protected override void OnAnswer(RevokeResponse answer, List<Descriptor>? descriptors)
    {
        BrokenException.Unless(what.IsUnder(Peer.Handle), $"{Name} has taken back a handle that was not made from its own");
        BrokenException.Unless(answer.Handles > 0, $"{Name} has taken back nothing");
        what.Revoke();
    }

    protected override void OnRefused(StatusCode code, string message) => BrokenException.Unless(
        code != StatusCode.FailedPrecondition || what == Peer.Handle, $"{Name} is told that the handle is its own: {message}");
}
