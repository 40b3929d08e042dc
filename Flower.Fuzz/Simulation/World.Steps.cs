// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;

namespace Flower.Fuzz.Simulation;

/// <content>What happens in it.</content>
internal sealed partial class World
{
    private readonly Dictionary<ulong, IConnectCall> _connects = [];
    private int _lastTag;

    /// <summary>The number of the connect that was asked for last.</summary>
    public ulong LastConnect { get; private set; }

    private void Step()
    {
        Peer[] alive = [.. _peers.Where(peer => !peer.IsDead)];
        if (alive.Length == 0)
        {
            Arrive();
            return;
        }

        Peer peer = alive[_choices.Next(alive.Length)];
        switch (_choices.Next(34))
        {
            case 0 when alive.Length < MaxPeers:
                Arrive();
                break;
            case 1 or 2:
                Register(peer);
                break;
            case 3 or 4 or 5 or 6:
                Connect(peer);
                break;
            case 7:
                Push(peer);
                break;
            case 8 or 9 or 10:
                peer.Read();
                break;
            case 11 or 12:
                Answer(peer);
                break;
            case 13:
                Bear(peer);
                break;
            case 14 when _choices.OneIn(2):
                (_choices.OneIn(4) ? _peers.Find(p => p.IsDead && p.Held.Count > 0) ?? peer : peer).Die();
                break;
            case 15:
                Pass(1 + _choices.Next(100));
                break;
            case 16 when _choices.OneIn(3):
                Pass(1000 * (1 + _choices.Next(12)));
                break;
            case 17 when peer.Calls.Count > 0:
                peer.Calls.Values.ElementAt(_choices.Next(peer.Calls.Count)).Cancel();
                break;
            case 18 when _choices.OneIn(3):
                Calm();
                break;
            case 19 when _choices.OneIn(4):
                Replace();
                break;
            case 20 when _hasOutlaws && _choices.OneIn(6):
                Break(peer);
                break;
            case 21:
                Say(peer);
                break;
            case 22 when _hasNames && _choices.OneIn(2):
                RegisterResolver(peer);
                break;
            case 23 or 24 or 25 when _hasNames:
                Resolve();
                break;
            case 26 or 27 when _hasTaps:
                Tap(peer);
                break;
            case 28 when _hasActivators && _choices.OneIn(2):
                RegisterActivator(peer);
                break;
            case 29 or 30 when _hasActivators:
                Activate();
                break;
            case 31 when _hasRevocations:
                Revoke(peer);
                break;
            case 32 when _hasWatchers && _choices.OneIn(2):
                Watch(peer);
                break;
            default:
                TurnAnyhow();
                break;
        }
    }

    private string AnyName() => _choices.Next(_names).ToString(CultureInfo.InvariantCulture);

    private void Arrive()
    {
        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        if (_choices.OneIn(3))
        {
            // Little fits in, so that it is full soon.
            Mono.Unix.Native.Syscall.setsockopt(
                (int)ours.DangerousGetHandle(), Mono.Unix.Native.UnixSocketProtocol.SOL_SOCKET,
                Mono.Unix.Native.UnixSocketOptionName.SO_SNDBUF, 4608);
        }

        Add(theirs, new KnownHandle(null, ++_lastHandle) { Id = _board.Accept(ours) }, null);
    }

    private string NextTag() => (++_lastTag).ToString(CultureInfo.InvariantCulture);

    private void Register(Peer peer)
    {
        bool isEgress = _choices.OneIn(4);
        TargetCall? other = _choices.OneIn(6)
            ? Targets.LastOrDefault(t => t is { HasEnded: false, Starter: null, Peer.IsOutlaw: false })
            : null;
        string name = other?.Wanted ?? AnyName();
        string tag = other?.TagValue ?? NextTag();
        if (other is not null)
        {
            _sharedTags.Add(tag);
        }

        uint credit = _choices.OneIn(2) ? (uint)_choices.Next(3) : 0;
        var call = new TargetCall(peer, isEgress ? TargetKind.Egress : TargetKind.Server, name, tag, credit);
        Begin(call, new TargetStart { Credit = credit, FixedDestination = isEgress }, ("name", name), (RegisteredCall.Tag, tag));
    }

    private bool Begin(TargetCall call, (string Key, string Value) label) =>
        Begin(call, new TargetStart(), label, (RegisteredCall.Tag, call.TagValue));

    private bool Begin(TargetCall call, TargetStart start, params ReadOnlySpan<(string Key, string Value)> labels)
    {
        start.Labels = Stated(labels);
        IMessage first = call.IsEgress ? new EgressStartRequest { Start = start } : new ServerStartRequest { Start = start };
        Frame[] more = [new Frame { Message = first.ToByteString() }];
        bool leaves = !_isSettling && _choices.OneIn(8);
        bool begins = call.Peer.Begin(call, [], leaves ? [.. more, new Frame { HalfClose = new HalfClose() }] : more);
        if (begins)
        {
            _registered.Add(call);
            _tags.Add(call.TagValue);
            call.IsLeaving = leaves;
            OnRegistered(call.Wanted);
        }

        return begins;
    }

    private void Connect(Peer peer)
    {
        ((string, string) wish, string name) = AnyWish();
        bool waits = _choices.OneIn(2);
        Balance balance = _choices.OneIn(2) ? Balance.RoundRobin : Balance.None;
        var call = new ConnectCall(peer, name, ++LastConnect, waits) { TimeoutMs = Timeout(), IsRevocable = IsRevocable() };
        _connects.Add(call.Number, call);
        var request = new ClientConnectRequest
        {
            Labels = Wish(wish, call.Number),
            RelatedOnly = true,
            Wait = waits,
            Balance = balance,
            Revocable = call.IsRevocable,
        };
        Ask(peer, call, request, []);
    }

    private void Push(Peer peer)
    {
        ((string, string) wish, string name) = AnyWish();
        bool waits = _choices.OneIn(3);
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        _outside.Add(kept);
        var call = new PushCall(peer, name, ++LastConnect, waits, kept) { TimeoutMs = Timeout(), IsRevocable = IsRevocable() };
        _connects.Add(call.Number, call);
        var request = new IngressConnectRequest
        {
            Labels = Wish(wish, call.Number),
            Socket = new(),
            RelatedOnly = true,
            Wait = waits,
            Balance = _choices.OneIn(2) ? Balance.Least : Balance.None,
            Revocable = call.IsRevocable,
        };
        Ask(peer, call, request, [given]);
    }

    private void Ask(Peer peer, PeerCall call, IMessage request, SafeHandle[] descriptors)
    {
        // A call mostly comes with its request, and need not.
        var message = new Frame { Message = request.ToByteString(), FdCount = (uint)descriptors.Length };
        bool isSplit = _choices.OneIn(6);
        bool isSent = isSplit
            ? peer.Begin(call, []) && peer.Send(descriptors, With(message, call.Id))
            : peer.Begin(call, descriptors, message, new Frame { HalfClose = new HalfClose() });
        if (isSplit && !isSent && call.Id != 0)
        {
            call.HasNoRequest = true;
        }

        if (!isSent)
        {
            foreach (SafeHandle descriptor in descriptors)
            {
                descriptor.Dispose();
            }
        }
    }

    private void Answer(Peer peer)
    {
        TargetCall[] targets = [.. peer.Calls.Values.OfType<TargetCall>().Where(target => !target.IsActivator)];
        if (targets.Length == 0)
        {
            return;
        }

        TargetCall target = targets[_choices.Next(targets.Length)];
        HeardOffer? offer = _choices.OneIn(8) ? target.Any(_choices) : target.Open.FirstOrDefault();
        switch (_choices.Next(8))
        {
            case 0:
                target.Grant();
                break;
            case 1 or 2:
                target.Drain(!target.IsDraining, (uint)_choices.Next(3));
                break;
            case 3 when _choices.OneIn(3):
                target.Leave();
                break;
            case 4 when offer is { State: OfferState.Open }:
                target.Reject(offer, _choices.OneIn(2));
                break;
            default:
                if (offer is not null)
                {
                    target.Accept(offer, (uint)_choices.Next(2));
                }

                break;
        }
    }

    // A process makes another one, over its own handle or a narrower one.
    private void Bear(Peer peer)
    {
        if (_peers.Count(p => !p.IsDead) >= MaxPeers)
        {
            return;
        }

        if (_choices.OneIn(2))
        {
            Constrain(peer);
            return;
        }

        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        if (peer.Send([ours], new Frame { FdCount = 1, Open = new Open { ReplyTo = new() } }))
        {
            Add(theirs, peer.Handle, "whoever opened its session may have died, or be refused", isOpening: true);
        }
        else
        {
            ours.Dispose();
            theirs.Dispose();
        }
    }

    private void Say(Peer peer)
    {
        if (_choices.OneIn(2))
        {
            peer.Send([], new Frame { Hello = new Hello { Version = 1 } });
        }
        else
        {
            var call = new ListCall(peer);
            peer.Begin(
                call, [], new Frame { Message = new ListRequest().ToByteString() }, new Frame { HalfClose = new HalfClose() });
        }
    }

    private long Timeout() => _choices.OneIn(3) ? 1 + _choices.Next(3000) : 0;

    // Some of those that can be taken back, where something is.
    private bool IsRevocable() => _choices.OneIn(_hasRevocations ? 3 : 8);

    private static Labels Wish((string, string) label, ulong number) =>
        Stated((TargetCall.Number, number.ToString(CultureInfo.InvariantCulture)), label);

    /// <summary>Labels as a process states them.</summary>
    public static Labels Stated(params ReadOnlySpan<(string Key, string Value)> labels)
    {
        var stated = new Labels();
        foreach ((string key, string value) in labels)
        {
            stated.Labels_.Add(new Label { Key = key, Value = value });
        }

        return stated;
    }
}
