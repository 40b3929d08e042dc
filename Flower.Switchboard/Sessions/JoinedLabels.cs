// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// The labels of the connections of one request to one target, as each side sees them: they are the same for all but for
/// the connection's id, so they are encoded once.
/// </summary>
internal sealed class JoinedLabels
{
    /// <summary>The field of the labels in what a client or an ingress is answered.</summary>
    public const int ForClient = ClientConnectResponse.LabelsFieldNumber;

    /// <summary>The field of the labels in what a target is offered.</summary>
    public const int ForTarget = Offer.LabelsFieldNumber;

    private static readonly LabelSet Plain = LabelSet.Create((ReservedKeys.ConnectionId, ""));
    private static readonly LabelSet Revocable =
        LabelSet.Create((ReservedKeys.ConnectionId, ""), (ReservedKeys.Revocable, "true"));

    [ThreadStatic]
    private static (LabelSet About, LabelSet Client, LabelSet Target, LabelSet All)? _attested;

    private readonly Seen _byClient;
    private readonly Seen _byTarget;

    public JoinedLabels(Request request, Target target)
    {
        Target = target;
        LabelSet attested = Attested(request, target);
        _byClient = new(attested, request.Party, target.Party, ForClient);
        _byTarget = new(attested, target.Party, request.Party, ForTarget);
    }

    // With other values for some labels, which the client alone states.
    private JoinedLabels(JoinedLabels like, KeyValuePair<string, string>[] values)
    {
        Target = like.Target;
        _byClient = new(like._byClient, values);
        _byTarget = new(like._byTarget, values);
    }

    public Target Target { get; }

    /// <summary>
    /// Those of a request that is the same but for the values of some labels, of which none is reserved; null: its target states
    /// one of them too.
    /// </summary>
    public JoinedLabels? With(KeyValuePair<string, string>[] values)
    {
        foreach ((string key, _) in values)
        {
            if (Target.Party.Labels[key] is not null)
            {
                return null;
            }
        }

        return new(this, values);
    }

    // Those of an ingress's connections are the same, whatever labels they have.
    private static LabelSet Attested(Request request, Target target)
    {
        LabelSet about = request.IsRevocable ? Revocable : Plain;
        if (_attested is not var (whichever, client, server, all)
            || whichever != about || client != request.Attested || server != target.Attested)
        {
            all = about.Merge(request.Attested, out _).Merge(target.Attested, out _);
            _attested = (about, request.Attested, target.Attested, all);
        }

        return all;
    }

    /// <summary>Those of one connection.</summary>
    public (EncodedLabels ForClient, EncodedLabels ForTarget) With(ulong id)
    {
        string text = id.ToString(CultureInfo.InvariantCulture);
        return (_byClient.With(text), _byTarget.With(text));
    }

    /// <summary>The labels that one side sees.</summary>
    private readonly struct Seen
    {
        private readonly EncodedLabels _first;
        private readonly EncodedLabels _last;
        private readonly int _field;

        public Seen(LabelSet attested, in Party own, in Party peer, int field)
        {
            EncodedLabels? first = null;
            LabelWriter writer = LabelWriter.OfThread;
            Provenance.ForReceiver(attested, own, peer, (key, value, source) =>
            {
                if (key == ReservedKeys.ConnectionId)
                {
                    first = EncodedLabels.Received(writer.Take());
                }
                else
                {
                    writer.Add(field, key, value, source);
                }
            });
            _first = first!;
            _last = EncodedLabels.Received(writer.Take());
            _field = field;
        }

        public Seen(in Seen like, KeyValuePair<string, string>[] values)
        {
            (_first, _last, _field) = (like._first, like._last, like._field);
            foreach ((string key, string value) in values)
            {
                if (string.CompareOrdinal(key, ReservedKeys.ConnectionId) < 0)
                {
                    _first = _first.With(key, value);
                }
                else
                {
                    _last = _last.With(key, value);
                }
            }
        }

        public EncodedLabels With(string id) =>
            EncodedLabels.Join(_first, ReservedKeys.ConnectionId, id, Source.Attested, _last, _field);
    }
}
