// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Switchboard.Sessions.Tapping;

/// <summary>Who taps connections, in the order in which they began. On the loop.</summary>
internal sealed class Taps
{
    private const int Most = 64;
    private const int MostPerUser = 16;

    private readonly List<Tap> _open = [];
    private readonly Dictionary<ulong, Tap> _all = [];

    /// <summary>Nobody taps: a connect costs no more than to look here.</summary>
    public bool IsEmpty { get; private set; } = true;

    /// <summary>The number of the one that began last; never used again, since it may be promised a connection.</summary>
    public ulong LastId { get; set; }

    /// <summary>Begins one.</summary>
    /// <exception cref="RpcException">Its labels are wrong, or a limit is reached.</exception>
    public Tap Add(Caller caller, TapStart start, Func<TapStartResponse, Task> tell)
    {
        if (_all.Count >= Most)
        {
            throw Refusal.Exhausted($"{Most} tap connections, the limit");
        }

        uint user = caller.Credentials.Uid;
        if (_all.Values.Count(tap => tap.Caller.Credentials.Uid == user) >= MostPerUser)
        {
            throw Refusal.Exhausted($"user {user} taps {MostPerUser} times, the limit");
        }

        return Open(new Tap(++LastId, caller, start, tell));
    }

    /// <summary>Goes on with one that another process began.</summary>
    public Tap Resume(Caller caller, State.TapState state, Func<TapStartResponse, Task> tell)
    {
        LastId = Math.Max(LastId, state.Id);
        var tap = new Tap(state.Id, caller, state.Start, tell);
        tap.Restore(state);
        return Open(tap);
    }

    /// <summary>The one with a number, which may tap nothing new any more; null: it has gone.</summary>
    public Tap? Find(ulong id) => _all.GetValueOrDefault(id);

    /// <summary>The one that is to have a connection; null: none.</summary>
    public Tap? For(Request wish, Target target) => _open.Find(tap => tap.Fits(wish, target));

    /// <summary>It taps nothing new. Idempotent.</summary>
    public void Close(Tap tap)
    {
        _open.Remove(tap);
        IsEmpty = _open.Count == 0;
    }

    /// <summary>It has gone. Idempotent.</summary>
    public void Remove(Tap tap)
    {
        Close(tap);
        _all.Remove(tap.Id);
    }

    private Tap Open(Tap tap)
    {
        _all.Add(tap.Id, tap);
        _open.Add(tap);
        IsEmpty = false;
        return tap;
    }
}
