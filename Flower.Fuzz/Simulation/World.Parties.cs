// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Google.Protobuf;

namespace Flower.Fuzz.Simulation;

/// <content>Those who tap, who start servers on demand, who watch, and who take back what they gave.</content>
internal sealed partial class World
{
    private const int MostTaps = 3;
    private const int MostWatchers = 2;
    private const int MostActivators = 2;

    private readonly List<TapCall> _taps = [];
    private int _tapsBegun;
    private int _lastHandle;
    private int _namedConnects;
    private int _startedOffers;

    /// <summary>How many taps have ended otherwise than in order.</summary>
    public int TapsLost { get; set; }

    /// <summary>The connection that the board made last.</summary>
    public ulong LastConnectionId => _board.Board.LastConnectionId;

    /// <summary>A client was told of its connection.</summary>
    public void OnConnected(IConnectCall call, IEnumerable<Label> labels)
    {
        // Of several taps, one without credit may have been asked first.
        TapCall? passed = _faults is not null || _tapsBegun != 1 || ConnectionBook.IsTapped(labels)
            ? null
            : _taps.FirstOrDefault(tap => tap.IsSureOf(call));
        _namedConnects += call.Wanted.Contains('=') ? 1 : 0;
        BrokenException.Unless(passed is null, $"connect {call.Number} was not tapped, though there is one who would have");
    }

    /// <summary>A client was told that it has no connection.</summary>
    public void OnRefused(IConnectCall call, string message) => BrokenException.Unless(
        !message.StartsWith("the tap that", StringComparison.Ordinal) || TapsLost > 0
            || _taps.Exists(tap => tap.IsCancelled || tap.Peer.IsOutlaw || tap.Peer.MayEnd is not null),
        $"connect {call.Number} was refused because of its tap, and each tap has what it was promised: {message}");

    private void Tap(Peer peer)
    {
        _taps.RemoveAll(tap => tap.HasEnded);
        TapCall? own = _taps.FirstOrDefault(tap => tap.Peer == peer);
        switch (_choices.Next(6))
        {
            case 0 when own is not null && _choices.OneIn(2):
                own.Leave();
                break;
            case 1 or 2 when own is not null:
                own.GrantConnections((uint)_choices.Next(4));
                break;
            case 3 when own is not null:
                own.Grant();
                break;
            default:
                if (_taps.Count < MostTaps && own is null)
                {
                    StartTap(peer);
                }

                break;
        }
    }

    private void StartTap(Peer peer)
    {
        string? name = _choices.OneIn(2) ? null : AnyName();
        uint credit = _choices.OneIn(2) ? 64 : (uint)_choices.Next(4);
        Labels labels = name is null
            ? new Labels { RequiredKeys = { "flower.connection_id" } }
            : Stated(("name", name));
        var call = new TapCall(peer, name, credit);
        var request = new TapStartRequest { Start = new TapStart { Labels = labels, Credit = credit } };
        if (peer.Begin(call, [], new Frame { Message = request.ToByteString() }))
        {
            _taps.Add(call);
            _tapsBegun++;
        }
    }

    private void RegisterActivator(Peer peer)
    {
        if (Targets.Count(target => target.IsActivator) >= MostActivators)
        {
            return;
        }

        string name = AnyName();
        var start = new TargetStart { Activator = true, StartTimeoutMs = 1 + (uint)_choices.Next(3000) };
        string tag = NextTag();
        Begin(
            new TargetCall(peer, TargetKind.Server, name, tag, 0) { IsActivator = true }, start, ("name", name),
            (RegisteredCall.Tag, tag));
    }

    // An activator starts a server, or says that it cannot; a server comes that it has not started, or does not come.
    private void Activate()
    {
        TargetCall[] all = [.. Targets.Where(t => t is { IsActivator: true, Peer.IsOutlaw: false })];
        if (all.Length == 0)
        {
            return;
        }

        TargetCall activator = all[_choices.Next(all.Length)];
        switch (_choices.Next(8))
        {
            case 0 when activator.Open.FirstOrDefault() is HeardOffer offer:
                activator.Reject(offer, overloaded: false);
                break;
            case 1 when _choices.OneIn(2):
                activator.Drain(!activator.IsDraining, 100);
                break;
            case 1 when _choices.OneIn(3):
                activator.Leave();
                break;
            case 2:
                Serve(activator, _peers.Find(p => !p.IsDead && !p.Handle.IsUnder(activator.Peer.Handle)));
                break;
            default:
                if (_peers.Find(p => !p.IsDead && p.Handle.IsUnder(activator.Peer.Handle)) is Peer child)
                {
                    Serve(activator, child);
                }
                else if (_choices.OneIn(3) && _peers.Count(p => !p.IsDead) < MaxPeers)
                {
                    Constrain(activator.Peer);
                }
                else
                {
                    activator.Peer.Read();
                }

                break;
        }
    }

    // With the labels of the activator and one more, which nobody else may register.
    private void Serve(TargetCall activator, Peer? peer)
    {
        if (peer is null)
        {
            return;
        }

        string sub = NextTag();
        var call = new TargetCall(
            peer, TargetKind.Server, activator.Wanted, $"{activator.TagValue}.{sub}", 0)
        { Starter = activator };
        Begin(
            call, new TargetStart(), ("name", activator.Wanted), (RegisteredCall.Tag, activator.TagValue),
            (RegisteredCall.Sub, sub));
    }

    private void Watch(Peer peer)
    {
        if (_peers.Sum(p => p.Calls.Values.Count(call => call is WatchCall)) < MostWatchers)
        {
            peer.Begin(
                new WatchCall(peer), [], new Frame { Message = new WatchRequest().ToByteString() },
                new Frame { HalfClose = new HalfClose() });
        }
    }

    // A handle is taken back by one that it was made from, by one that has nothing to do with it, or by who oversees all.
    private void Revoke(Peer peer)
    {
        if (_choices.OneIn(4))
        {
            if (Connections.AnyRevocable(_choices) is ulong connection and not 0)
            {
                Ask(peer, new RevokeConnectionCall(peer, connection), new RevokeRequest { ConnectionId = connection }, []);
            }

            return;
        }

        if (_choices.OneIn(3) && Connections.AnyHandle(_choices) is KnownHandle used && NumberOf(used) is ulong number)
        {
            Oversee(used, number);
            return;
        }

        KnownHandle[] handles = [.. _peers.Where(p => !p.IsDead && p != peer).Select(p => p.Handle).Distinct()];
        KnownHandle[] own = [.. handles.Where(handle => handle.IsUnder(peer.Handle))];
        if (own.Length > 0 && !_choices.OneIn(8))
        {
            handles = own;
        }

        KnownHandle? what = handles.Length == 0 ? null : handles[_choices.Next(handles.Length)];
        if (what is null || NumberOf(what) is not ulong id)
        {
            return;
        }

        if (own.Length > 0 || _choices.OneIn(2))
        {
            if (what.IsUnder(peer.Handle))
            {
                what.Ask();
            }

            Ask(peer, new RevokeCall(peer, what), new RevokeRequest { HandleId = id }, []);
        }
        else if (_choices.OneIn(3))
        {
            Oversee(what, id);
        }
    }

    private void Oversee(KnownHandle what, ulong id)
    {
        _loop.Post(
            _ =>
            {
                Trace?.Invoke($"{Now} handle {id} is taken back");
                if (_board.Revoke(id))
                {
                    what.Revoke();
                }
            },
            null);
        TurnAnyhow();
    }

    // As flower handles would show it.
    private ulong? NumberOf(KnownHandle handle) => handle.Id != 0
        ? handle.Id
        : _board.Board.Handles.Nodes.FirstOrDefault(node =>
            node.Handle.OutLabels[handle.Key] == handle.Mark && node.Handle.OutLabels[handle.NextKey] is null)?.Handle.Id;

    private void Constrain(Peer peer)
    {
        var made = new KnownHandle(peer.Handle, ++_lastHandle);
        var request = new ConstrainRequest
        {
            Rights =
            {
                Right.ClientConnect, Right.EgressStart, Right.IngressConnect, Right.ServerStart, Right.List,
            },
            OutLabels = Stated((made.Key, made.Mark)),
        };
        if (_choices.OneIn(2))
        {
            request.Rights.Add([Right.ResolverStart, Right.Tap]);
        }

        Ask(peer, new ConstrainCall(peer, made), request, []);
    }
}
