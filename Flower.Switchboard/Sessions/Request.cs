// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions.Live;

namespace Flower.Switchboard.Sessions;

/// <summary>A client's or an ingress's wish to be connected: the lookup, and the labels that its target will see.</summary>
internal sealed class Request
{
    // What a session keeps for it is small, whatever it asks for.
    private const int MaxKeptCharacters = 1024;

    private readonly Findings _findings;
    private LabelSet _given = LabelSet.Empty;

    private Request(Caller caller, LabelSet attested, LabelSet stated, Query query, Findings? findings = null)
    {
        _findings = findings ?? new();
        Caller = caller;
        Attested = attested;
        Stated = stated;
        Query = query;
    }

    public Caller Caller { get; }

    /// <summary>What it reached when the board was at <see cref="FoundAt"/>.</summary>
    public Lookup<Target> Found
    {
        get => _findings.Found;
        set => _findings.Found = value;
    }

    /// <summary>The version of the board's directory that <see cref="Found"/> is of; 0: none.</summary>
    public long FoundAt
    {
        get => _findings.FoundAt;
        set => _findings.FoundAt = value;
    }

    /// <summary>The number of the connect; 0: it has none, since nobody watched when it was asked for.</summary>
    public long Id { get; private init; }

    public LabelSet Attested { get; }

    /// <summary>The handle's out-labels and those given.</summary>
    public LabelSet Stated { get; }

    public Query Query { get; }

    /// <summary>The connection is to be one that can be shut down.</summary>
    public bool IsRevocable { get; private init; }

    /// <summary>It is only explained: nobody is asked to start a server.</summary>
    public bool IsExplained { get; init; }

    public Party Party => new(Caller.Handle, LabelSide.Out, Stated);

    /// <summary>The labels of its connections to a target. Kept, since most requests are made again.</summary>
    public JoinedLabels Join(Target target)
    {
        if (_findings.Joined?.Target != target)
        {
            _findings.Joined = (_findings.Before is var (before, changes) && before.Target == target ? before.With(changes) : null)
                ?? new JoinedLabels(this, target);
            _findings.Before = null;
        }

        return _findings.Joined;
    }

    /// <summary>The client's side of its connections.</summary>
    public ClientSide Side => _findings.Side ??= new(LiveSide.Of(Caller, Stated, Attested), []);

    /// <summary>The same request as that of one connect.</summary>
    public Request Numbered(long id) => Copy(Attested, Stated, Query, id, _findings);

    /// <summary>The same request, of which is attested that its connection is tapped.</summary>
    public Request Tapped() => Copy(
        Attested.Merge(LabelSet.Create((ReservedKeys.Tapped, "true")), out _), Stated, Query, Id);

    /// <summary>
    /// Checks the labels of a call and builds its lookup. Who calls mostly wants what he wanted last: that is not checked
    /// again.
    /// </summary>
    /// <exception cref="Grpc.Core.RpcException">The labels break a rule or contradict the handle's.</exception>
    public static Request Create(
        Caller caller, Labels? labels, bool relatedOnly, bool revocable, bool ingress = false, bool relay = false,
        bool isExplained = false)
    {
        if (caller.LastRequest is Request last && !isExplained && last.IsRevocable == revocable
            && last.Query.RelatedOnly == relatedOnly && last.Query.Ingress == ingress && last.Query.Relay == relay
            && last.Like(labels) is Request like)
        {
            return like;
        }

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
        var request = new Request(caller, attested, stated, query)
        {
            IsRevocable = revocable,
            IsExplained = isExplained,
            _given = given,
        };
        return isExplained ? request : Kept(request);
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
        return Copy(Attested, stated, Query.With(stated.Merge(Attested, out _), resolved), Id);
    }

    private static Request Kept(Request request)
    {
        if (request._given.CharacterCount <= MaxKeptCharacters)
        {
            request.Caller.LastRequest = request;
        }

        return request;
    }

    // This request, or the same but for some values, as of the connections of an ingress: where each comes from. Null: it is
    // another one.
    private Request? Like(Labels? labels)
    {
        if (Stating.ReadLike(_given, labels, out KeyValuePair<string, string>[] changes) is not LabelSet given)
        {
            return null;
        }

        if (ReferenceEquals(given, _given))
        {
            return this;
        }

        foreach ((string key, _) in changes)
        {
            if (ReservedKeys.IsReserved(key))
            {
                return null;
            }
        }

        var findings = new Findings
        {
            Before = _findings.Joined is { } joined ? (joined, changes) : null,
            Side = _findings.Side?.With(changes),
        };
        return Kept(new(Caller, Attested, Stating.OutLabels(Caller.Handle, given), Query.With(changes), findings)
        {
            IsRevocable = IsRevocable,
            _given = given,
        });
    }

    // What was found out holds for the copy only if it asks for the same.
    private Request Copy(LabelSet attested, LabelSet stated, Query query, long id, Findings? findings = null) =>
        new(Caller, attested, stated, query, findings)
        {
            IsRevocable = IsRevocable,
            IsExplained = IsExplained,
            Id = id,
        };

    /// <summary>What was found out for it, which is so for all requests that are the same.</summary>
    private sealed class Findings
    {
        public Lookup<Target> Found { get; set; } = Lookup<Target>.None;

        public long FoundAt { get; set; }

        public JoinedLabels? Joined { get; set; }

        public ClientSide? Side { get; set; }

        /// <summary>The labels of a request that is the same but for these.</summary>
        public (JoinedLabels Joined, KeyValuePair<string, string>[] Changes)? Before { get; set; }
    }
}
