// SPDX-License-Identifier: BSD-2-Clause
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Fuzz.Simulation;

/// <content>What always holds in it.</content>
internal sealed partial class World
{
    private readonly HashSet<string> _sharedTags = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _registeredSinceCalm = new(StringComparer.Ordinal);
    private readonly HashSet<string> _tags = new(StringComparer.Ordinal);
    private readonly HashSet<ulong> _offered = [];
    private bool _isSettling;
    private readonly HashSet<string> _liveAtCalm = new(StringComparer.Ordinal);

    /// <summary>A target was told of a client's request.</summary>
    public void OnOffered(TargetCall target, ulong number)
    {
        BrokenException.Unless(
            LeadsTo(_connects[number].Wanted, target.Wanted),
            $"connect {number} wants {_connects[number].Wanted}, and is offered to {target.Wanted}");
        _startedOffers += target.Starter is null ? 0 : 1;
        if (target.IsActivator)
        {
            // One stands for all who wait, and none is served by that.
            return;
        }

        bool isFirst = _offered.Add(number);
        // Whoever waited when nothing was there is served in the order of arrival: seen where this is the only target since.
        if (_faults is not null || _liveAtCalm.Contains(target.Wanted) || !isFirst
            || _registeredSinceCalm.GetValueOrDefault(target.Wanted) != 1)
        {
            return;
        }

        IConnectCall[] waiting = [.. _peers.Where(peer => peer is { IsDead: false, MayEnd: null })
            .SelectMany(peer => peer.Calls.Values)
            .Where(call => call is { IsCancelled: false, TimeoutMs: 0 })
            .OfType<IConnectCall>()
            .Where(call => call is { Waits: true, WaitsSince: > 0 } && call.Wanted == target.Wanted)];
        if (waiting.FirstOrDefault(call => call.Number == number) is IConnectCall served)
        {
            IConnectCall? passed = waiting.FirstOrDefault(
                call => call.WaitsSince <= served.SentAt && !_offered.Contains(call.Number) && IsAlike(call, served));
            BrokenException.Unless(passed is null, $"connect {number} is served before {passed?.Number}, which waited before it");
        }
    }

    /// <summary>A registration has ended, or its process has.</summary>
    public void OnGone(RegisteredCall target) => _registered.Remove(target);

    private IEnumerable<TargetCall> Targets => _registered.OfType<TargetCall>();

    private static string TagOf(Target target) => RegisteredCall.TagOf(key => target.Own[key]);

    // After each step, whatever is on its way.
    private void CheckStep()
    {
        _board.Remember();
        string? left = _board.LeftOfRevoked();
        BrokenException.Unless(left is null, left ?? "");
    }

    private void OnRegistered(string name) =>
        _registeredSinceCalm[name] = _registeredSinceCalm.GetValueOrDefault(name) + 1;

    // An ingress is never led to an egress.
    private static bool IsAlike(IConnectCall one, IConnectCall other) => one.GetType() == other.GetType();

    private void OnCalm()
    {
        Target[] listed = [.. Listed()];
        BrokenException.Unless(
            listed.Length == _board.Board.TargetCount, $"{listed.Length} of {_board.Board.TargetCount} targets are listed");
        string[] tags = [.. listed.Select(TagOf)];
        string[] expected = [.. _registered.Where(t => !t.Peer.IsOutlaw).Select(t => t.TagValue)];
        foreach (string tag in expected.Where(tag => !_sharedTags.Contains(tag)))
        {
            BrokenException.Unless(tags.Contains(tag), $"target {tag} is registered, and is not listed");
        }

        foreach (string tag in tags)
        {
            bool isThere = _sharedTags.Contains(tag) || _registered.Exists(target => target.TagValue == tag);
            BrokenException.Unless(isThere, $"target {tag} is listed, and has gone");
        }

        foreach (Peer peer in _peers.Where(peer => peer.Handle.IsRevoked))
        {
            BrokenException.Unless(peer.IsDead, $"peer {peer.Id} has a session, and its handle was revoked");
        }

        CheckOffers(listed);
        CheckQuestions(listed);
        Connections.CheckEnds(
            number => _connects[number], TapsLost, isToldAll: !_peers.Exists(peer => peer is { IsOutlaw: true }));
        CheckWatchers(listed, wholly: false);
        GoneTags.UnionWith(_tags.Except(_sharedTags).Except(tags));

        foreach (IConnectCall call in _peers.SelectMany(peer => peer.Calls.Values).OfType<IConnectCall>())
        {
            call.WaitsSince = call.WaitsSince == 0 ? Calms : call.WaitsSince;
        }

        _registeredSinceCalm.Clear();
        _liveAtCalm.Clear();
        _liveAtCalm.UnionWith(listed.Where(target => !target.IsActivator).Select(target => target.Own["name"] ?? ""));
    }

    // What a resolver has not answered is waited for, and what it has answered or what nobody waits for is not.
    private void CheckQuestions(Target[] listed)
    {
        foreach (ResolverCall heard in _registered.OfType<ResolverCall>().Where(r => !r.Peer.IsOutlaw))
        {
            int pending = listed.Single(target => TagOf(target) == heard.TagValue).Resolver!.PendingCount;
            BrokenException.Unless(
                pending == heard.Open.Count(),
                $"resolver {heard.TagValue} has {heard.Open.Count()} questions to answer, and the board waits for {pending}");
        }
    }

    private void CheckWatchers(Target[] listed, bool wholly)
    {
        WatchCall[] watchers = [.. _peers.Where(peer => !peer.IsOutlaw).SelectMany(peer => peer.Calls.Values).OfType<WatchCall>()];
        if (watchers.Length == 0)
        {
            return;
        }

        var registered = listed.ToDictionary(
            target => (ulong)target.Registration,
            target => new Protocol.V1.Target
            {
                Kind = target.Kind,
                Draining = target.IsDraining,
                Weight = target.Weight,
                Activator = target.IsActivator,
            });
        foreach (WatchCall watcher in watchers)
        {
            watcher.Check(registered, wholly);
        }
    }

    // What a target has not answered, the board waits for, and the other way round; and each connect is with somebody.
    private void CheckOffers(Target[] listed)
    {
        foreach (TargetCall heard in Targets.Where(t => !t.Peer.IsOutlaw && !_sharedTags.Contains(t.TagValue)))
        {
            Target target = listed.Single(target => TagOf(target) == heard.TagValue);
            BrokenException.Unless(
                !heard.IsActivator || heard.Open.Count() <= 1, $"activator {heard.TagValue} is asked for more than one server");
            BrokenException.Unless(
                !heard.IsActivator || !heard.Open.Any() || _board.Board.WaitingCount > 0,
                $"activator {heard.TagValue} is asked for a server, and nobody waits");
            BrokenException.Unless(
                OffersOf(target) == heard.Open.Count(),
                $"target {heard.TagValue} has {heard.Open.Count()} offers to answer, and the board waits for {OffersOf(target)}");
        }

        int asked = _peers.Where(peer => peer is { IsDead: false, IsOutlaw: false })
            .SelectMany(peer => peer.Calls.Values).Count(call => call is IConnectCall && !call.HasNoRequest);
        long held = _board.Board.WaitingCount + listed.Where(target => !target.IsActivator).Sum(OffersOf)
            + listed.Sum(target => target.Resolver?.WaiterCount ?? 0);
        BrokenException.Unless(
            asked <= held, $"{asked} connects are open, and {held} wait for a target, its answer, or that of a resolver");
    }

    private static long OffersOf(Target target) => target.Load - target.Condition.Load;

    // Everybody answers what he is asked, until nothing is left but who waits for what is not there; then all of that comes.
    private void Settle()
    {
        AnswerAll(MayWait);
        _isSettling = true;
        Provide();
        AnswerAll(static _ => false);
        Pass(1_100);
        Calm();
        CheckWatchers([.. Listed()], wholly: true);
    }

    private void AnswerAll(Func<PeerCall, bool> mayWait)
    {
        const int MostRounds = 40;
        const int LeastRounds = 3;
        for (int i = 0; i < MostRounds && (i < LeastRounds || OwedAnswers.Any(call => !mayWait(call))); i++)
        {
            Calm();
            foreach (RegisteredCall registered in _registered.Where(r => !r.Peer.IsOutlaw).ToArray())
            {
                Answer(registered);
            }

            Pass(500);
        }

        Connections.CheckWhole(
            tag => !_sharedTags.Contains(tag) && _registered.Exists(t => t.TagValue == tag && !t.Peer.IsOutlaw));
        PeerCall? owed = OwedAnswers.FirstOrDefault(call => !mayWait(call));
        BrokenException.Unless(owed is null, $"call {owed?.Id} ({owed?.Method}) of peer {owed?.Peer.Id} was never answered");
    }

    private static void Answer(RegisteredCall registered)
    {
        foreach (HeardQuestion question in (registered as ResolverCall)?.Open.ToArray() ?? [])
        {
            ((ResolverCall)registered).Answer(question, [(("name", "0"), 0, 0)], 0, more: false);
        }

        foreach (HeardOffer offer in (registered as TargetCall)?.Open.ToArray() ?? [])
        {
            if (registered is TargetCall { IsActivator: true } activator)
            {
                activator.Reject(offer, overloaded: false);
            }
            else
            {
                ((TargetCall)registered).Accept(offer, 0);
            }
        }
    }

    private IEnumerable<PeerCall> OwedAnswers => _peers.Where(peer => peer is { IsDead: false, IsOutlaw: false })
        .SelectMany(peer => peer.Calls.Values)
        .Where(call => call is { IsStream: false, HasNoRequest: false });

    // There is nothing yet that it waits for.
    private bool MayWait(PeerCall call) =>
        call is IConnectCall { Waits: true } connect && call.TimeoutMs == 0 && !call.IsCancelled
            && !Targets.Any(t => t.Wanted == connect.Wanted && !t.IsDraining && !t.Peer.IsOutlaw
                && !(call is PushCall && t.IsEgress));

    // All die, in any order; then nothing may be left of them.
    private void End()
    {
        Peer[] all = [.. _peers.Where(peer => !peer.IsDead)];
        _choices.Shuffle<Peer>(all);
        foreach (Peer peer in all)
        {
            peer.Die();
            if (_choices.OneIn(2))
            {
                TurnAnyhow();
            }
        }

        foreach (Peer peer in _peers)
        {
            peer.Die();
        }

        foreach (Rpc.Interop.Descriptor outside in _outside)
        {
            outside.Dispose();
        }

        Drain();
        Pass(60_000);
        Drain();
        string left = string.Join(", ", _board.Leftovers());
        BrokenException.Unless(left.Length == 0, $"when all have gone there are left: {left}");
    }
}
