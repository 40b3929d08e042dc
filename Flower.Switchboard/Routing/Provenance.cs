// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>The labels of a connection as one receiver should see them: each with who stands behind it.</summary>
internal static class Provenance
{
    /// <summary>
    /// The labels of both sides and the attested ones, sorted by key. A reserved key counts as attested and only if it
    /// was: what a side demanded is not repeated. A required key without a value has no label to show.
    /// </summary>
    /// <param name="attested">What the switchboard found out about both sides, and the connection's id.</param>
    /// <param name="own">The receiver.</param>
    /// <param name="peer">The other side.</param>
    public static IReadOnlyList<Label> ForReceiver(LabelSet attested, in Party own, in Party peer)
    {
        var labels = new List<Label>(attested.Labels.Length + own.Labels.Labels.Length + peer.Labels.Labels.Length);
        foreach ((string key, string value) in attested.Labels)
        {
            labels.Add(new() { Key = key, Value = value, Source = Source.Attested });
        }

        // The peer first: where both state a label, it is the peer's word that the receiver wants judged.
        Add(labels, peer, own.Handle, besides: LabelSet.Empty);
        Add(labels, own, own.Handle, besides: peer.Labels);
        labels.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return labels;
    }

    private static void Add(List<Label> labels, in Party party, Handle receiver, LabelSet besides)
    {
        foreach ((string key, string value) in party.Labels.Labels)
        {
            if (!ReservedKeys.IsReserved(key) && besides[key] is null)
            {
                Source source = IsPinnedFor(receiver, party, key) ? Source.Pinned : Source.Claimed;
                labels.Add(new() { Key = key, Value = value, Source = source });
            }
        }
    }

    private static bool IsPinnedFor(Handle receiver, in Party party, string key) =>
        party.Handle.IsPinned(party.Side, key)
        && (party.Handle.PinnedBy(party.Side, key)?.IsAncestorOrSelf(receiver) ?? true);
}
