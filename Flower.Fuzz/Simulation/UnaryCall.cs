// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Fuzz.Simulation;

/// <summary>A call with one answer.</summary>
internal abstract class UnaryCall<T>(Peer peer, string method) : PeerCall(peer, method)
    where T : class, IMessage<T>, new()
{
    private T? _answer;
    private List<Descriptor>? _descriptors;

    public override void OnMessage(ByteString message, List<Descriptor>? descriptors)
    {
        BrokenException.Unless(_answer is null, $"{Name} has two answers");
        _answer = new MessageParser<T>(static () => new T()).ParseFrom(message);
        _descriptors = descriptors;
    }

    protected sealed override void OnEnd(StatusCode code, string message)
    {
        BrokenException.Unless(
            code == StatusCode.OK == _answer is not null,
            $"{Name} ended with {code} {(_answer is null ? "without" : "after")} an answer");
        if (_answer is not null)
        {
            OnAnswer(_answer, _descriptors);
        }
        else
        {
            OnRefused(code, message);
        }
    }

    protected abstract void OnAnswer(T answer, List<Descriptor>? descriptors);

    protected virtual void OnRefused(StatusCode code, string message)
    {
    }
}
