// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Fuzz.Simulation;

/// <summary>A server or an egress, and the offers that it has had.</summary>
/// <param name="peer">Whose it is.</param>
/// <param name="isEgress">It brings sockets of its own.</param>
/// <param name="wanted">Under which it is reached.</param>
/// <param name="tag">The value of the label that no other has, in most cases.</param>
/// <param name="credit">The connections that it takes unseen.</param>
internal sealed class TargetCall(Peer peer, bool isEgress, string wanted, string tag, uint credit)
    : PeerCall(peer, isEgress ? "EgressStart" : "ServerStart")
{
    /// <summary>The key of the label by which connects are told apart.</summary>
    public const string Number = "call";

    /// <summary>The key of the label that no two targets have in common.</summary>
    public const string Tag = "tag";

    private readonly Dictionary<ulong, HeardOffer> _offers = [];
    private long _unseen = credit;
    private long _maySend = 31;
    private ulong _lastOffer;
    private bool _started;

    public bool IsEgress { get; } = isEgress;

    public string Wanted { get; } = wanted;

    public string TagValue { get; } = tag;

    public bool IsDraining { get; private set; }

    /// <summary>It has said that it is no longer there.</summary>
    public bool IsLeaving { get; set; }

    public IEnumerable<HeardOffer> Open => _offers.Values.Where(offer => offer.State == OfferState.Open);

    public override void OnCredit(uint messages) => _maySend += messages;

    public override void OnMessage(ByteString message, List<Descriptor>? descriptors)
    {
        BrokenException.Unless(--Granted >= -32, $"{Name} is sent more messages than it takes");
        (TargetStarted? started, Offer? offer, Delivery? delivery, Withdrawal? withdrawal) = Parse(message);
        BrokenException.Unless(_started == started is null, $"{Name}: what it is told first is not that it began, or twice");
        _started = true;
        BrokenException.Unless(
            (descriptors?.Count ?? 0) == (offer?.Socket is not null || delivery is not null ? 1 : 0),
            $"{Name} is sent {descriptors?.Count ?? 0} descriptors");
        if (offer is not null)
        {
            OnOffer(offer, descriptors?[0]);
        }
        else if (delivery is not null)
        {
            OnDelivery(delivery, descriptors![0]);
        }
        else if (withdrawal is not null)
        {
            OnWithdrawal(withdrawal);
        }
    }

    /// <summary>Takes more messages.</summary>
    public void Grant()
    {
        if (Granted < 0 && Peer.Send([], new Frame { CallId = Id, Credit = new Credit { Messages = (uint)-Granted } }))
        {
            Granted = 0;
        }
    }

    /// <summary>Accepts an offer, perhaps a second time, or one that was withdrawn.</summary>
    public void Accept(HeardOffer offer, uint more)
    {
        Descriptor? given = null;
        Descriptor? kept = null;
        var answer = new Answer { ConnectionId = offer.Id, Accept = new Accept(), Credit = more };
        if (IsEgress)
        {
            (given, kept) = UnixSocket.StreamPair();
            answer.Accept.Socket = new();
        }

        if (!Say(new() { Answer = answer }, new() { Answer = answer }, given is null ? [] : [given]))
        {
            given?.Dispose();
            kept?.Dispose();
            return;
        }

        _unseen += more;
        if (kept is not null)
        {
            Peer.Held.Add(kept);
            if (offer.State == OfferState.Open)
            {
                World.Connections.OfTarget(offer.Connection, this, offer.Client, kept, isCertain: false);
            }
        }

        if (offer.State == OfferState.Open)
        {
            offer.State = OfferState.Accepted;
        }

        offer.Accepts++;
    }

    /// <summary>Rejects an offer.</summary>
    public void Reject(HeardOffer offer, bool overloaded)
    {
        var answer = new Answer { ConnectionId = offer.Id, Reject = new Reject { Reason = "no\u0007", Overloaded = overloaded } };
        if (Say(new() { Answer = answer }, new() { Answer = answer }, []))
        {
            offer.State = OfferState.Rejected;
        }
    }

    /// <summary>Takes connections no longer, or again.</summary>
    public void Drain(bool on, uint weight)
    {
        var update = new TargetUpdate { Draining = on, Weight = weight };
        if (Say(new() { Update = update }, new() { Update = update }, []))
        {
            IsDraining = on;
        }
    }

    /// <summary>Ends the registration in order.</summary>
    public void Leave()
    {
        if (Peer.Send([], new Frame { CallId = Id, HalfClose = new HalfClose() }))
        {
            IsLeaving = true;
        }
    }

    public override void OnDeath()
    {
        base.OnDeath();
        World.OnGone(this);
    }

    protected override void OnEnd(StatusCode code, string message)
    {
        BrokenException.Unless(code != StatusCode.OK || IsLeaving, $"{Name} ended by itself");
        World.OnGone(this);
    }

    /// <summary>What it answers an offer that it has heard of.</summary>
    public HeardOffer? Any(Choices choices) =>
        _offers.Count == 0 ? null : _offers.Values.ElementAt(choices.Next(_offers.Count));

    private bool Say(ServerStartRequest asServer, EgressStartRequest asEgress, SafeHandle[] descriptors)
    {
        IMessage message = IsEgress ? asEgress : asServer;
        if (IsLeaving || _maySend <= 0 || !Peer.Send(
            descriptors,
            new Frame { CallId = Id, FdCount = (uint)descriptors.Length, Message = message.ToByteString() }))
        {
            return false;
        }

        _maySend--;
        return true;
    }

    private void OnOffer(Offer offer, Descriptor? socket)
    {
        BrokenException.Unless(offer.ConnectionId > _lastOffer, $"{Name} is offered {offer.ConnectionId} out of turn");
        BrokenException.Unless(!IsEgress || socket is null, $"{Name} is an egress, and is sent a socket");
        BrokenException.Unless(
            offer.Labels.Any(label => label.Key == "name" && label.Value == Wanted), $"{Name} is offered another's connection");
        BrokenException.Unless(socket is null || --_unseen >= 0, $"{Name} is sent more sockets than it takes unseen");
        _lastOffer = offer.ConnectionId;
        ulong client = ulong.Parse(offer.Labels.Single(l => l.Key == Number).Value, CultureInfo.InvariantCulture);
        var heard = new HeardOffer(offer.ConnectionId, ConnectionBook.IdOf(offer.Labels), client) { IsSent = socket is not null };
        _offers.Add(heard.Id, heard);
        World.OnOffered(this, client);
        if (socket is not null)
        {
            World.Connections.OfTarget(heard.Connection, this, client, socket, isCertain: false);
        }
    }

    private void OnDelivery(Delivery delivery, Descriptor socket)
    {
        HeardOffer offer = Find(delivery.ConnectionId);
        BrokenException.Unless(
            offer is { Accepts: > 0, IsSent: false } && offer.Withdrawals < offer.Accepts, $"{Name} is sent a socket that it did not ask for");
        offer.IsSent = true;
        offer.State = OfferState.Delivered;
        World.Connections.OfTarget(offer.Connection, this, offer.Client, socket, isCertain: true);
    }

    private void OnWithdrawal(Withdrawal withdrawal)
    {
        HeardOffer offer = Find(withdrawal.ConnectionId);
        offer.Withdrawals++;
        // Who accepts twice is told that the second time was in vain.
        BrokenException.Unless(
            (offer.State != OfferState.Delivered || offer.Accepts > 1) && offer.Withdrawals <= 1 + offer.Accepts,
            $"{Name} hears that offer {offer.Id} is void, which it has, or for the {offer.Withdrawals}th time");
        offer.State = offer.State == OfferState.Delivered ? offer.State : OfferState.Withdrawn;
    }

    private HeardOffer Find(ulong id) => _offers.GetValueOrDefault(id)
        ?? throw new BrokenException($"{Name} hears of offer {id}, which was never made");

    private (TargetStarted? Started, Offer? Offer, Delivery? Delivery, Withdrawal? Withdrawal) Parse(ByteString message)
    {
        if (IsEgress)
        {
            EgressStartResponse egress = EgressStartResponse.Parser.ParseFrom(message);
            return (egress.Started, egress.Offer, null, egress.Withdrawal);
        }

        ServerStartResponse server = ServerStartResponse.Parser.ParseFrom(message);
        return (server.Started, server.Offer, server.Delivery, server.Withdrawal);
    }
}
