// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;

namespace Flower.Fuzz.Simulation;

/// <summary>Takes one connection back, or tries to.</summary>
internal sealed class RevokeConnectionCall(Peer peer, ulong connection) : UnaryCall<RevokeResponse>(peer, "Revoke")
{
    protected override void OnAnswer(RevokeResponse answer, List<Descriptor>? descriptors)
    {
        BrokenException.Unless(answer.Connections == 1, $"{Name} has taken back {answer.Connections} connections");
        World.Connections.OnRevoked(connection, Peer.Handle);
    }
}
