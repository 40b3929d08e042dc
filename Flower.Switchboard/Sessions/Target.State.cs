// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Flower.Switchboard.State;

namespace Flower.Switchboard.Sessions;

/// <content>How a registration moves to another process, and what is kept of it across a crash.</content>
internal sealed partial class Target
{
    /// <summary>
    /// The registration as another process can go on with it. What still waits to be told to the target travels with its
    /// stream, so all offers count as made.
    /// </summary>
    public TargetState Save(DescriptorTable descriptors)
    {
        var state = new TargetState
        {
            Registration = Registration,
            Start = Start(),
            Credit = _credit,
            LastOffer = _lastId,
            Attested = Attested.ToMessage(),
            Taken = _taken,
        };
        foreach (PendingOffer offer in Offers)
        {
            state.Offers.Add(new OfferState
            {
                Id = offer.Id,
                Held = offer.Held is null ? 0 : descriptors.Add(offer.Held),
            });
        }

        Condition.Save(state);
        return state;
    }

    /// <summary>The registration as it is after a crash, when every offer and every credit granted since is void.</summary>
    public TargetState SaveAsNew()
    {
        TargetStart begun = Start();
        var state = new TargetState
        {
            Registration = Registration,
            Start = begun,
            Credit = Math.Min(begun.Credit, MaxUnseen),
            Attested = Attested.ToMessage(),
        };
        Condition.SaveAsNew(state);
        return state;
    }

    /// <summary>Takes over what another process saved.</summary>
    public void Restore(TargetState state, DescriptorTable descriptors, DeadlineQueue acceptDeadlines)
    {
        Condition.Restore(state, acceptDeadlines);
        _credit = state.Credit;
        _lastId = state.LastOffer;
        _taken = state.Taken;
        foreach (OfferState offer in state.Offers)
        {
            if (IsActivator)
            {
                // Those who wait ask anew.
                Withdraw(offer.Id);
                continue;
            }

            (_offers ??= []).Add(offer.Id, new PendingOffer(this, offer.Id, descriptors.Take(offer.Held)) { IsSent = true });
        }
    }

    private TargetStart Start() => TargetStart.Parser.ParseFrom(_start);
}
