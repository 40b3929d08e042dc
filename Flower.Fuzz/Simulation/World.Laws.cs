// SPDX-License-Identifier: BSD-2-Clause
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Fuzz.Simulation;

/// <content>What always holds in it.</content>
internal sealed partial class World
{
    private readonly HashSet<string> _sharedTags = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _registeredSinceCalm = new(StringComparer.Ordinal);
    private readonly HashSet<ulong> _offered = [];
    private readonly HashSet<string> _liveAtCalm = new(StringComparer.Ordinal);

    /// <summary>A target was told of a client's request.</summary>
    public void OnOffered(TargetCall target, ulong number)
    {
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
    public void OnGone(TargetCall target) => _targets.Remove(target);

    private void OnRegistered(string name) =>
        _registeredSinceCalm[name] = _registeredSinceCalm.GetValueOrDefault(name) + 1;

    // An ingress is never led to an egress.
    private static bool IsAlike(IConnectCall one, IConnectCall other) => one.GetType() == other.GetType();

    private void OnCalm()
    {
        Target[] listed = [.. Listed()];
        BrokenException.Unless(
            listed.Length == _board.Board.TargetCount, $"{listed.Length} of {_board.Board.TargetCount} targets are listed");
        string[] tags = [.. listed.Select(target => target.Own[TargetCall.Tag] ?? "")];
        string[] expected = [.. _targets.Where(t => !t.Peer.IsOutlaw).Select(t => t.TagValue)];
        foreach (string tag in expected.Where(tag => !_sharedTags.Contains(tag)))
        {
            BrokenException.Unless(tags.Contains(tag), $"target {tag} is registered, and is not listed");
        }

        foreach (string tag in tags)
        {
            bool isThere = _sharedTags.Contains(tag) || _targets.Exists(target => target.TagValue == tag);
            BrokenException.Unless(isThere, $"target {tag} is listed, and has gone");
        }

        CheckOffers(listed);
        for (int i = 1; i <= _lastTag; i++)
        {
            string tag = i.ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (!_sharedTags.Contains(tag) && !tags.Contains(tag))
            {
                GoneTags.Add(tag);
            }
        }

        foreach (IConnectCall call in _peers.SelectMany(peer => peer.Calls.Values).OfType<IConnectCall>())
        {
            call.WaitsSince = call.WaitsSince == 0 ? Calms : call.WaitsSince;
        }

        _registeredSinceCalm.Clear();
        _liveAtCalm.Clear();
        _liveAtCalm.UnionWith(listed.Select(target => target.Own["name"] ?? ""));
    }

    // What a target has not answered, the board waits for, and the other way round; and each connect is with somebody.
    private void CheckOffers(Target[] listed)
    {
        foreach (TargetCall heard in _targets.Where(t => !t.Peer.IsOutlaw && !_sharedTags.Contains(t.TagValue)))
        {
            Target target = listed.Single(target => target.Own[TargetCall.Tag] == heard.TagValue);
            BrokenException.Unless(
                OffersOf(target) == heard.Open.Count(),
                $"target {heard.TagValue} has {heard.Open.Count()} offers to answer, and the board waits for {OffersOf(target)}");
        }

        int asked = _peers.Where(peer => peer is { IsDead: false, IsOutlaw: false })
            .SelectMany(peer => peer.Calls.Values).Count(call => call is IConnectCall && !call.HasNoRequest);
        long held = _board.Board.WaitingCount + listed.Sum(OffersOf);
        BrokenException.Unless(asked <= held, $"{asked} connects are open, and {held} wait for a target or its answer");
    }

    private static long OffersOf(Target target) => target.Load - target.Condition.Load;

    // Everybody answers what he is asked, until nothing is left but who waits for what is not there.
    private void Settle()
    {
        const int MostRounds = 40;
        const int LeastRounds = 3;
        for (int i = 0; i < MostRounds && (i < LeastRounds || OwedAnswers.Any()); i++)
        {
            Calm();
            foreach (TargetCall target in _targets.Where(t => !t.Peer.IsOutlaw).ToArray())
            {
                foreach (HeardOffer offer in target.Open.ToArray())
                {
                    target.Accept(offer, 0);
                }
            }

            Pass(500);
        }

        Connections.CheckWhole(
            tag => !_sharedTags.Contains(tag) && _targets.Exists(t => t.TagValue == tag && !t.Peer.IsOutlaw));
        foreach (PeerCall call in OwedAnswers)
        {
            throw new BrokenException($"call {call.Id} ({call.Method}) of peer {call.Peer.Id} was never answered");
        }
    }

    private IEnumerable<PeerCall> OwedAnswers => _peers.Where(peer => peer is { IsDead: false, IsOutlaw: false })
        .SelectMany(peer => peer.Calls.Values)
        .Where(call => call is not TargetCall && !call.HasNoRequest && !MayWait(call));

    // There is nothing yet that it waits for.
    private bool MayWait(PeerCall call) =>
        call is IConnectCall { Waits: true } connect && call.TimeoutMs == 0 && !call.IsCancelled
            && !_targets.Exists(t => t.Wanted == connect.Wanted && !t.IsDraining && !t.Peer.IsOutlaw
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
