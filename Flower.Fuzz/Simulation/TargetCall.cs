// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;

namespace Flower.Fuzz.Simulation;

/// <summary>A server, an activator or an egress, and the offers that it has had.</summary>
/// <param name="peer">Whose it is.</param>
/// <param name="kind">What it is.</param>
/// <param name="wanted">Under which it is reached.</param>
/// <param name="tag">The value of the label that no other has, in most cases.</param>
/// <param name="credit">The connections that it takes unseen.</param>
internal sealed class TargetCall(Peer peer, TargetKind kind, string wanted, string tag, uint credit)
    : RegisteredCall(peer, kind == TargetKind.Egress ? "EgressStart" : "ServerStart", tag)
{
    /// <summary>The key of the label by which connects are told apart.</summary>
    public const string Number = "call";

    private readonly Dictionary<ulong, HeardOffer> _offers = [];
    private readonly long _begunAt = peer.World.Calms;
    private long _unseen = credit;
    private ulong _lastOffer;

    public bool IsEgress => kind == TargetKind.Egress;

    public bool IsActivator { get; init; }

    /// <summary>The activator whose labels it has, and one more; null: none.</summary>
    public TargetCall? Starter { get; init; }

    public string Wanted { get; } = wanted;

    public bool IsDraining { get; private set; }

    public IEnumerable<HeardOffer> Open => _offers.Values.Where(offer => offer.State == OfferState.Open);

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

        if (!Say(new ServerStartRequest { Answer = answer }, new() { Answer = answer }, given is null ? [] : [given]))
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
                World.Connections.OfTarget(offer, this, kept, isCertain: false);
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
        if (Say(new ServerStartRequest { Answer = answer }, new() { Answer = answer }, []))
        {
            offer.State = OfferState.Rejected;
        }
    }

    /// <summary>Takes connections no longer, or again.</summary>
    public void Drain(bool on, uint weight)
    {
        var update = new TargetUpdate { Draining = on, Weight = weight };
        if (Say(new ServerStartRequest { Update = update }, new() { Update = update }, []))
        {
            IsDraining = on;
        }
    }


    /// <summary>What it answers an offer that it has heard of.</summary>
    public HeardOffer? Any(Choices choices) =>
        _offers.Count == 0 ? null : _offers.Values.ElementAt(choices.Next(_offers.Count));

    protected override (bool Started, int Descriptors) OnTold(ByteString message, List<Descriptor>? descriptors)
    {
        (TargetStarted? started, Offer? offer, Delivery? delivery, Withdrawal? withdrawal) = Parse(message);
        if (started is not null)
        {
            CheckStarter();
        }
        else if (offer is not null)
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

        return (started is not null, offer?.Socket is not null || delivery is not null ? 1 : 0);
    }

    // An activator holds its name against all but those who have a handle from it.
    private void CheckStarter() => BrokenException.Unless(
        Starter is null || Starter.HasEnded || Starter.IsLeaving || Starter.IsCancelled || Starter.Peer.IsDead
            || Starter.Peer.MayEnd is not null || Starter.StartedAt >= _begunAt || Peer.Handle.IsUnder(Starter.Peer.Handle),
        $"{Name} is registered under the name of activator {Starter?.TagValue}, whose handle it has not");

    private bool Say(ServerStartRequest asServer, EgressStartRequest asEgress, SafeHandle[] descriptors) =>
        Say(IsEgress ? asEgress : asServer, descriptors);

    private void OnOffer(Offer offer, Descriptor? socket)
    {
        BrokenException.Unless(offer.ConnectionId > _lastOffer, $"{Name} is offered {offer.ConnectionId} out of turn");
        BrokenException.Unless(
            !(IsEgress || IsActivator) || socket is null, $"{Name} is an egress or an activator, and is sent a socket");
        BrokenException.Unless(
            offer.Labels.Any(label => (label.Key == "name" ? label.Value : $"{label.Key}={label.Value}") == Wanted),
            $"{Name} is offered another's connection");
        BrokenException.Unless(socket is null || --_unseen >= 0, $"{Name} is sent more sockets than it takes unseen");
        _lastOffer = offer.ConnectionId;
        ulong client = ulong.Parse(offer.Labels.Single(l => l.Key == Number).Value, CultureInfo.InvariantCulture);
        var heard = new HeardOffer(offer.ConnectionId, IsActivator ? 0 : ConnectionBook.IdOf(offer.Labels), client)
        {
            IsSent = socket is not null,
            IsTapped = ConnectionBook.IsTapped(offer.Labels),
        };
        _offers.Add(heard.Id, heard);
        World.OnOffered(this, client);
        if (socket is not null)
        {
            World.Connections.OfTarget(heard, this, socket, isCertain: false);
        }
    }

    private void OnDelivery(Delivery delivery, Descriptor socket)
    {
        HeardOffer offer = Find(delivery.ConnectionId);
        BrokenException.Unless(
            offer is { Accepts: > 0, IsSent: false } && offer.Withdrawals < offer.Accepts, $"{Name} is sent a socket that it did not ask for");
        offer.IsSent = true;
        offer.State = OfferState.Delivered;
        World.Connections.OfTarget(offer, this, socket, isCertain: true);
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
