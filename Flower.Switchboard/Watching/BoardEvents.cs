// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Sessions;
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Switchboard.Watching;

/// <summary>
/// What happens on the board, for those who watch it, and what is counted of it. On the loop. While nobody watches, nothing
/// is made of an event but its count.
/// </summary>
/// <param name="intervals">How seldom is told what anybody can make happen as often as he likes.</param>
internal sealed partial class BoardEvents(DeadlineQueue intervals)
{
    private const int MaxSinks = 256;
    private const int MaxSinksPerUser = 32;

    private readonly List<IEventSink> _sinks = [];
    private readonly Spacing<Target> _changes = new(intervals);
    private readonly Spacing<HandleNode> _refusedCalls = new(intervals);

    /// <summary>A change of a target and a refused call are told at most once in this time of each target and handle.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(1);

    /// <summary>Somebody is told.</summary>
    public bool IsWatched { get; private set; }

    /// <summary>How many are.</summary>
    public int Watchers => _sinks.Count;

    /// <summary>How many events were made for them.</summary>
    public ulong Made { get; private set; }

    /// <summary>The number of the event that happened last.</summary>
    public ulong LastSequence { get; set; }

    /// <summary>What is counted.</summary>
    public BoardCounters Counters { get; } = new();

    /// <summary>Tells somebody from now on.</summary>
    /// <exception cref="Grpc.Core.RpcException">RESOURCE_EXHAUSTED.</exception>
    public void Add(IEventSink sink)
    {
        if (_sinks.Count >= MaxSinks)
        {
            throw Sessions.Refusal.Exhausted($"{MaxSinks} watch the board, the limit");
        }

        if (sink.User is uint user && _sinks.Count(other => other.User == user) >= MaxSinksPerUser)
        {
            throw Sessions.Refusal.Exhausted($"user {user} watches the board {MaxSinksPerUser} times, the limit");
        }

        _sinks.Add(sink);
        IsWatched = true;
    }

    /// <summary>Tells somebody no more.</summary>
    public void Remove(IEventSink sink)
    {
        _sinks.Remove(sink);
        IsWatched = _sinks.Count > 0;
    }

    /// <summary>The board stops.</summary>
    public void Stop()
    {
        foreach (IEventSink sink in _sinks)
        {
            sink.Stop();
        }
    }

    /// <summary>Tells now what it would tell a little later.</summary>
    public void Flush()
    {
        _changes.Flush();
        _refusedCalls.Flush();
    }

    /// <summary>The number and the time of what happens now.</summary>
    public static Event Stamp(ulong sequence) => new()
    {
        Sequence = sequence,
        TimeMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
    };

    /// <summary>A target was registered.</summary>
    /// <param name="target">Which.</param>
    /// <param name="isRestored">It was before, with another process.</param>
    public void Added(Target target, bool isRestored)
    {
        Counters.Add(target, 1);
        target.Condition.WasToldToDrain = target.IsDraining;
        if (IsWatched && !isRestored)
        {
            Publish(new TargetOccurrence(Next(), target, TargetChange.Added, ""));
        }
    }

    /// <summary>What a target says of itself is another.</summary>
    public void Changed(Target target)
    {
        if (IsWatched)
        {
            _changes.Happened(target, _ => Tell(target));
        }
        else
        {
            target.Condition.WasToldToDrain = target.IsDraining;
        }
    }

    /// <summary>A target is gone.</summary>
    /// <param name="target">Which.</param>
    /// <param name="reason">Why; null: it goes on elsewhere.</param>
    public void Removed(Target target, string? reason)
    {
        Counters.Add(target, -1);
        _changes.Forget(target);
        if (IsWatched && reason is not null)
        {
            Publish(new TargetOccurrence(Next(), target, TargetChange.Removed, reason));
        }
    }

    /// <summary>A handle was made.</summary>
    public void Constrained(HandleNode made, Credentials by)
    {
        if (IsWatched)
        {
            Event told = Next();
            told.Handle = new HandleChange
            {
                Step = HandleStep.Constrained,
                HandleId = made.Handle.Id,
                ParentId = made.Parent!.Handle.Id,
                Rights = { Routing.RightsMessage.ToMessage(made.Handle.Rights) },
                InLabels = made.Handle.InLabels.ToMessage(),
                OutLabels = made.Handle.OutLabels.ToMessage(),
                Process = Walk.Describe(by),
            };
            Publish(new HandleOccurrence(told, made));
        }
    }

    /// <summary>A handle was taken back.</summary>
    public void Revoked(HandleNode handle, Credentials by, RevokeResponse ended)
    {
        if (IsWatched)
        {
            Event told = Next();
            told.Handle = new HandleChange
            {
                Step = HandleStep.Revoked,
                HandleId = handle.Handle.Id,
                ParentId = handle.Parent?.Handle.Id ?? 0,
                Process = Walk.Describe(by),
                Ended = ended.Clone(),
            };
            Publish(new HandleOccurrence(told, handle));
        }
    }

    /// <summary>A tap began, or ended.</summary>
    public void Tapped(HandleStep step, Caller caller, Protocol.LabelSet labels)
    {
        if (IsWatched)
        {
            Event told = Next();
            told.Handle = new HandleChange
            {
                Step = step,
                HandleId = caller.Handle.Id,
                ParentId = caller.Node.Parent?.Handle.Id ?? 0,
                OutLabels = labels.ToMessage(),
                Process = Walk.Describe(caller.Credentials),
            };
            Publish(new HandleOccurrence(told, caller.Node));
        }
    }

    /// <summary>A connection was taken back.</summary>
    public void Revoked(Sessions.RevocableConnection connection, Credentials by)
    {
        if (IsWatched)
        {
            Event told = Next();
            told.Handle = new HandleChange
            {
                Step = HandleStep.Revoked,
                ConnectionId = connection.Id,
                Process = Walk.Describe(by),
                Ended = new RevokeResponse { Connections = 1 },
            };
            Publish(new ConnectionOccurrence(told, connection));
        }
    }

    /// <summary>A quota is exhausted: not each time, but when that is logged.</summary>
    public void Exhausted(HandleNode node, Credentials who, string budget, string quota, long limit)
    {
        Counters.LastRefusals.Add(
            node, who, quota, Grpc.Core.StatusCode.ResourceExhausted, QuotaTable.Words(quota, budget, limit));
        if (IsWatched)
        {
            Event told = Next();
            told.Quota = new QuotaEvent
            {
                Quota = quota,
                Budget = budget,
                Limit = limit,
                Process = Walk.Describe(who),
                HandleId = node.Handle.Id,
            };
            Publish(new HandleOccurrence(told, node));
        }
    }

    // As it is by now.
    private void Tell(Target target)
    {
        bool drains = target.IsDraining && !target.Condition.WasToldToDrain;
        target.Condition.WasToldToDrain = target.IsDraining;
        Publish(new TargetOccurrence(Next(), target, drains ? TargetChange.Drained : TargetChange.Changed, ""));
    }

    private Event Next() => Stamp(++LastSequence);

    private void Publish(Occurrence occurrence)
    {
        Made++;
        foreach (IEventSink sink in _sinks)
        {
            sink.Take(occurrence);
        }
    }
}
