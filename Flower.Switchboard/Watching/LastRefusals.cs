// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Switchboard.Sessions;
using Grpc.Core;

namespace Flower.Switchboard.Watching;

/// <summary>
/// The calls that were refused last, a few of each user, so that nobody drives out those of others. What counts is the user
/// from whose session the handle comes. On the loop.
/// </summary>
internal sealed class LastRefusals
{
    private const int Most = 16;
    private const int MostUsers = 64;

    private readonly Dictionary<uint, Queue<Refused>> _last = [];
    private ulong _count;

    public void Add(HandleNode node, Credentials who, string method, StatusCode code, string reason)
    {
        uint user = node.Top.Maker.Uid;
        if (!_last.TryGetValue(user, out Queue<Refused>? own))
        {
            if (_last.Count == MostUsers)
            {
                _last.Remove(_last.MinBy(last => last.Value.Last().Number).Key);
            }

            _last.Add(user, own = new(Most));
        }

        if (own.Count == Most)
        {
            own.Dequeue();
        }

        var call = new RefusedCall
        {
            Method = method,
            Process = Walk.Describe(who),
            HandleId = node.Handle.Id,
            Code = (int)code,
            Reason = reason,
        };
        own.Enqueue(new(++_count, node, new() { TimeMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), Call = call }));
    }

    /// <summary>Those over handles that are covered, the latest first.</summary>
    public IEnumerable<RecordedRefusal> Of(Func<HandleNode, bool> covers) => _last.Values.SelectMany(own => own)
        .Where(refused => covers(refused.Node))
        .OrderByDescending(refused => refused.Number)
        .Take(Most)
        .Select(refused => refused.Told);

    private readonly record struct Refused(ulong Number, HandleNode Node, RecordedRefusal Told);
}
