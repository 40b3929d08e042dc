// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;

namespace Flower.Fuzz.Simulation;

/// <summary>Makes a handle, over which another process then speaks.</summary>
internal sealed class ConstrainCall(Peer peer) : UnaryCall<ConstrainResponse>(peer, "Constrain")
{
    protected override void OnAnswer(ConstrainResponse answer, List<Descriptor>? descriptors)
    {
        BrokenException.Unless(descriptors is { Count: 1 }, $"{Name} is answered without its socket");
        Peer.Held.Remove(descriptors![0]);
        World.Add(descriptors[0], World.HasQuotas ? "its session may be one too many" : null);
    }
}
