// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Switchboard.Sessions;
using Grpc.Core;

namespace Flower.Switchboard.Watching;

/// <summary>The calls that were refused last, a few of them. On the loop.</summary>
internal sealed class LastRefusals
{
    private const int Most = 16;

    private readonly Queue<(HandleNode Node, RecordedRefusal Told)> _last = new(Most);

    public void Add(HandleNode node, Credentials who, string method, StatusCode code, string reason)
    {
        if (_last.Count == Most)
        {
            _last.Dequeue();
        }

        var call = new RefusedCall
        {
            Method = method,
            Process = Walk.Describe(who),
            HandleId = node.Handle.Id,
            Code = (int)code,
            Reason = reason,
        };
        _last.Enqueue((node, new() { TimeMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), Call = call }));
    }

    /// <summary>Those over handles that are covered, the latest first.</summary>
    public IEnumerable<RecordedRefusal> Of(Func<HandleNode, bool> covers) =>
        _last.Where(refusal => covers(refusal.Node)).Select(refusal => refusal.Told).Reverse();
}
