// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Fuzz.Simulation;

/// <summary>Lists what is registered: none of it may have been gone before.</summary>
internal sealed class ListCall : PeerCall
{
    private readonly HashSet<string> _gone;

    public ListCall(Peer peer)
        : base(peer, "List")
    {
        _gone = [.. peer.World.GoneTags];
        Granted = 32;
    }

    public override void OnMessage(ByteString message, List<Descriptor>? descriptors)
    {
        BrokenException.Unless(descriptors is null, $"{Name} is sent a descriptor");
        BrokenException.Unless(--Granted >= 0, $"{Name} is sent more messages than it takes");
        foreach (Label label in ListResponse.Parser.ParseFrom(message).Targets.SelectMany(target => target.Labels))
        {
            BrokenException.Unless(
                label.Key != TargetCall.Tag || !_gone.Contains(label.Value), $"a target is listed that has gone: {label}");
        }
    }

    protected override void OnEnd(StatusCode code, string message)
    {
    }
}
