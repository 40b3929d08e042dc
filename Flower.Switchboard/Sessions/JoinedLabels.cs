// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Google.Protobuf.Collections;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// The labels of the connections of one request to one target, as each side sees them: they are the same for all but for
/// the connection's id. The messages are shared, and nobody changes them.
/// </summary>
internal sealed class JoinedLabels
{
    private readonly RepeatedField<Label> _forClient;
    private readonly RepeatedField<Label> _forTarget;
    private readonly int _clientAt;
    private readonly int _targetAt;

    public JoinedLabels(Request request, Target target)
    {
        Target = target;
        LabelSet about = request.IsRevocable
            ? LabelSet.Create((ReservedKeys.ConnectionId, ""), (ReservedKeys.Revocable, "true"))
            : LabelSet.Create((ReservedKeys.ConnectionId, ""));
        LabelSet attested = about.Merge(request.Attested, out _).Merge(target.Attested, out _);
        _forClient = new() { Provenance.ForReceiver(attested, request.Party, target.Party) };
        _forTarget = new() { Provenance.ForReceiver(attested, target.Party, request.Party) };
        _clientAt = PlaceOfId(_forClient);
        _targetAt = PlaceOfId(_forTarget);
    }

    public Target Target { get; }

    /// <summary>Those of one connection.</summary>
    public (RepeatedField<Label> ForClient, RepeatedField<Label> ForTarget) With(ulong id)
    {
        var label = new Label
        {
            Key = ReservedKeys.ConnectionId,
            Value = id.ToString(CultureInfo.InvariantCulture),
            Source = Source.Attested,
        };
        return (With(_forClient, _clientAt, label), With(_forTarget, _targetAt, label));
    }

    private static int PlaceOfId(RepeatedField<Label> labels) =>
        labels.IndexOf(labels.First(label => label.Key == ReservedKeys.ConnectionId));

    private static RepeatedField<Label> With(RepeatedField<Label> labels, int at, Label label)
    {
        var those = new RepeatedField<Label> { labels };
        those[at] = label;
        return those;
    }
}
