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
    private ulong _lastNumber;
    private int _lastTag;

    private void Step()
    {
        Peer[] alive = [.. _peers.Where(peer => !peer.IsDead)];
        if (alive.Length == 0)
        {
            Arrive();
            return;
        }

        Peer peer = alive[_choices.Next(alive.Length)];
        switch (_choices.Next(24))
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
                peer.Die();
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
            case 20 when _choices.OneIn(6):
                Break(peer);
                break;
            case 21:
                Say(peer);
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

        _board.Accept(ours);
        Add(theirs, null);
    }

    private void Register(Peer peer)
    {
        bool isEgress = _choices.OneIn(4);
        TargetCall? other = _choices.OneIn(6) ? _targets.LastOrDefault(t => !t.HasEnded && !t.Peer.IsOutlaw) : null;
        string name = other?.Wanted ?? AnyName();
        string tag = other?.TagValue ?? (++_lastTag).ToString(CultureInfo.InvariantCulture);
        if (other is not null)
        {
            _sharedTags.Add(tag);
        }

        uint credit = _choices.OneIn(2) ? (uint)_choices.Next(3) : 0;
        var call = new TargetCall(peer, isEgress, name, tag, credit);
        var start = new TargetStart
        {
            Labels = Stated(("name", name), (TargetCall.Tag, tag)),
            Credit = credit,
            FixedDestination = isEgress,
        };
        IMessage first = isEgress ? new EgressStartRequest { Start = start } : new ServerStartRequest { Start = start };
        Frame[] more = [new Frame { Message = first.ToByteString() }];
        bool leaves = _choices.OneIn(8);
        if (peer.Begin(call, [], leaves ? [.. more, new Frame { HalfClose = new HalfClose() }] : more))
        {
            _targets.Add(call);
            call.IsLeaving = leaves;
            OnRegistered(name);
        }
    }

    private void Connect(Peer peer)
    {
        string name = AnyName();
        bool waits = _choices.OneIn(2);
        Balance balance = _choices.OneIn(2) ? Balance.RoundRobin : Balance.None;
        var call = new ConnectCall(peer, name, ++_lastNumber, waits) { TimeoutMs = Timeout() };
        var request = new ClientConnectRequest
        {
            Labels = Wish(name, call.Number),
            RelatedOnly = true,
            Wait = waits,
            Balance = balance,
            Revocable = _choices.OneIn(8),
        };
        Ask(peer, call, request, []);
    }

    private void Push(Peer peer)
    {
        string name = AnyName();
        bool waits = _choices.OneIn(3);
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        _outside.Add(kept);
        var call = new PushCall(peer, name, ++_lastNumber, waits, kept) { TimeoutMs = Timeout() };
        var request = new IngressConnectRequest
        {
            Labels = Wish(name, call.Number),
            Socket = new(),
            RelatedOnly = true,
            Wait = waits,
            Balance = _choices.OneIn(2) ? Balance.Least : Balance.None,
            Revocable = _choices.OneIn(8),
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
        TargetCall[] targets = [.. peer.Calls.Values.OfType<TargetCall>()];
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
            var request = new ConstrainRequest
            {
                Rights =
                {
                    Right.ClientConnect, Right.EgressStart, Right.IngressConnect, Right.ServerStart, Right.List,
                },
            };
            Ask(peer, new ConstrainCall(peer), request, []);
            return;
        }

        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        if (peer.Send([ours], new Frame { FdCount = 1, Open = new Open { ReplyTo = new() } }))
        {
            Add(theirs, "whoever opened its session may have died, or be refused", isOpening: true);
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

    // A packet that no well-behaved process sends, with a descriptor or without.
    private void Break(Peer peer)
    {
        peer.IsOutlaw = true;
        peer.MayEnd = "it has broken the protocol";
        byte[] packet = _choices.Next(4) switch
        {
            0 => [.. Enumerable.Range(0, _choices.Next(40)).Select(_ => (byte)_choices.Next(256))],
            1 => Frames(With(new Frame { HalfClose = new() }, (uint)_choices.Next(4)), With(new Frame { Status = new() }, 1)),
            2 => Frames(With(new Frame { Message = ByteString.CopyFrom(8, 1, 255), FdCount = 1 }, (uint)_choices.Next(6))),
            _ => Frames(
                With(new Frame { Credit = new() { Messages = (uint)_choices.Next(3) } }, (uint)_choices.Next(6)),
                With(new Frame { Start = new() { Method = "/flower.v1.Switchboard/ClientConnect" } }, (uint)_choices.Next(6))),
        };
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        kept.Dispose();
        SafeHandle[] descriptors = _choices.OneIn(2) ? [given] : [];
        if (packet.Length > 0)
        {
            peer.SendBytes(descriptors, packet);
        }

        given.Dispose();
    }

    private void Throw(int process, int count, byte[] bytes)
    {
        while (_peers.Count <= process)
        {
            Arrive();
            _peers[^1].MayEnd = "it keeps to no rule";
            _peers[^1].IsOutlaw = true;
        }

        Peer peer = _peers[process];
        if (peer.IsDead || bytes.Length == 0)
        {
            return;
        }

        Descriptor[] descriptors = [.. Enumerable.Range(0, count).Select(_ =>
        {
            (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
            _outside.Add(kept);
            return given;
        })];
        peer.SendBytes(descriptors, bytes);
        foreach (Descriptor descriptor in descriptors)
        {
            descriptor.Dispose();
        }

        Drain();
        while (!peer.IsDead && peer.Read())
        {
        }
    }

    private long Timeout() => _choices.OneIn(3) ? 1 + _choices.Next(3000) : 0;

    private static byte[] Frames(params Frame[] frames) => new Packet { Frames = { frames } }.ToByteArray();

    private static Frame With(Frame frame, uint id)
    {
        frame.CallId = id;
        return frame;
    }

    private static Labels Wish(string name, ulong number) =>
        Stated((TargetCall.Number, number.ToString(CultureInfo.InvariantCulture)), ("name", name));

    private static Labels Stated(params ReadOnlySpan<(string Key, string Value)> labels)
    {
        var stated = new Labels();
        foreach ((string key, string value) in labels)
        {
            stated.Labels_.Add(new Label { Key = key, Value = value });
        }

        return stated;
    }
}
