// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions;

/// <summary>A client's or an ingress's wish to be connected: the lookup, and the labels that its target will see.</summary>
internal sealed class Request
{
    private Request(Caller caller, LabelSet attested, LabelSet stated, Query query)
    {
        Caller = caller;
        Attested = attested;
        Stated = stated;
        Query = query;
    }

    public Caller Caller { get; }

    /// <summary>The number of the connect; 0: it is none, or not asked for yet.</summary>
    public long Id { get; set; }

    public LabelSet Attested { get; }

    /// <summary>The handle's out-labels and those given.</summary>
    public LabelSet Stated { get; }

    public Query Query { get; }

    /// <summary>The connection is to be one that can be shut down.</summary>
    public bool IsRevocable { get; private init; }

    /// <summary>It is only explained: nobody is asked to start a server.</summary>
    public bool IsExplained { get; init; }

    public Party Party => new(Caller.Handle, LabelSide.Out, Stated);

    /// <summary>Checks the labels of a call and builds its lookup.</summary>
    /// <exception cref="Grpc.Core.RpcException">The labels break a rule or contradict the handle's.</exception>
    public static Request Create(
        Caller caller, Labels? labels, bool relatedOnly, bool revocable, bool ingress = false, bool relay = false,
        bool isExplained = false)
    {
        LabelSet given = Stating.Read(labels);
        LabelSet stated = Stating.OutLabels(caller.Handle, given);
        LabelSet attested = caller.AsClient;
        var query = new Query
        {
            Stated = stated.Merge(attested, out _),
            RankingKeys = Query.RankingKeysOf(given, caller.Handle.OutLabels, ingress),
            RelatedOnly = relatedOnly,
            Ingress = ingress,
            Relay = relay,
        };
        return new Request(caller, attested, stated, query) { IsRevocable = revocable, IsExplained = isExplained };
    }

    /// <summary>
    /// The same request with labels that a name of it stands for, as if its client had given them; null: they contradict it.
    /// </summary>
    /// <exception cref="Grpc.Core.RpcException">There are too many.</exception>
    public Request? With(LabelSet resolved, out IReadOnlyList<string> contradictions)
    {
        contradictions = Stated.ContradictionsWith(resolved);
        if (contradictions.Count > 0)
        {
            return null;
        }

        LabelSet stated = Stating.Add(Stated, resolved);
        return new Request(Caller, Attested, stated, Query.With(stated.Merge(Attested, out _), resolved))
        {
            Id = Id,
            IsRevocable = IsRevocable,
            IsExplained = IsExplained,
        };
    }
}
