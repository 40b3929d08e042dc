// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Grpc.Core;

namespace Flower.Fuzz.Simulation;

/// <summary>An ingress that pushes one end of a pair, whose other end stands for who has come to it.</summary>
internal sealed class PushCall(Peer peer, string wanted, ulong number, bool waits, Descriptor kept)
    : UnaryCall<IngressConnectResponse>(peer, "IngressConnect"), IConnectCall
{
    public string Wanted { get; } = wanted;

    public ulong Number { get; } = number;

    public bool Waits { get; } = waits;

    public bool IsRevocable { get; init; }

    public long SentAt { get; } = peer.World.Calms;

    public long WaitsSince { get; set; }

    protected override void OnAnswer(IngressConnectResponse answer, List<Descriptor>? descriptors)
    {
        BrokenException.Unless(descriptors is null, $"{Name} is answered with a socket, and cannot relay");
        World.OnConnected(this, answer.Labels);
        World.Connections.OfClient(answer.Labels, this, kept);
    }

    protected override void OnRefused(StatusCode code, string message)
    {
        World.OnRefused(this, message);
        World.Connections.Refused(this, code);
    }
}
