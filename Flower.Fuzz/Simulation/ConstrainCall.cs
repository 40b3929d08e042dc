// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;

namespace Flower.Fuzz.Simulation;

/// <summary>Makes a handle, over which another process then speaks.</summary>
/// <param name="peer">Whose handle is narrowed.</param>
/// <param name="made">What comes of it.</param>
internal sealed class ConstrainCall(Peer peer, KnownHandle made) : UnaryCall<ConstrainResponse>(peer, "Constrain")
{
    protected override void OnAnswer(ConstrainResponse answer, List<Descriptor>? descriptors)
    {
        BrokenException.Unless(descriptors is { Count: 1 }, $"{Name} is answered without its socket");
        Peer.Held.Remove(descriptors![0]);
        World.Add(descriptors[0], made, World.HasQuotas ? "its session may be one too many" : null);
    }
}
