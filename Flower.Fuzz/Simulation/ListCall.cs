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
        foreach (Target target in ListResponse.Parser.ParseFrom(message).Targets)
        {
            string tag = RegisteredCall.TagOf(key => target.Labels.FirstOrDefault(label => label.Key == key)?.Value);
            BrokenException.Unless(!_gone.Contains(tag), $"a target is listed that has gone: {tag}");
        }
    }

    protected override void OnEnd(StatusCode code, string message)
    {
    }
}
