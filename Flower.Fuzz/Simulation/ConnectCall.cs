// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Grpc.Core;

namespace Flower.Fuzz.Simulation;

/// <summary>A client that wants to be connected to a name.</summary>
internal sealed class ConnectCall(Peer peer, string wanted, ulong number, bool waits)
    : UnaryCall<ClientConnectResponse>(peer, "ClientConnect"), IConnectCall
{
    public string Wanted { get; } = wanted;

    /// <summary>Its place among all that were ever sent.</summary>
    public ulong Number { get; } = number;

    public bool Waits { get; } = waits;

    public bool IsRevocable { get; init; }

    public long SentAt { get; } = peer.World.Calms;

    public long WaitsSince { get; set; }

    protected override void OnAnswer(ClientConnectResponse answer, List<Descriptor>? descriptors)
    {
        BrokenException.Unless(descriptors is { Count: 1 }, $"{Name} is answered with {descriptors?.Count ?? 0} sockets");
        World.OnConnected(this, answer.Labels);
        World.Connections.OfClient(answer.Labels, this, descriptors![0]);
    }

    protected override void OnRefused(StatusCode code, string message)
    {
        World.OnRefused(this, message);
        World.Connections.Refused(this, code);
    }
}
