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
        ForReceiver(
            attested, own, peer,
            (key, value, source) => labels.Add(new() { Key = key, Value = value, Source = source }));
        return labels;
    }

    /// <summary>The same, told one after another.</summary>
    public static void ForReceiver(LabelSet attested, in Party own, in Party peer, Action<string, string, Source> tell)
    {
        // All three are sorted.
        ReadOnlySpan<KeyValuePair<string, string>> known = attested.Labels.AsSpan();
        ReadOnlySpan<KeyValuePair<string, string>> mine = own.Labels.Labels.AsSpan();
        ReadOnlySpan<KeyValuePair<string, string>> theirs = peer.Labels.Labels.AsSpan();
        while (true)
        {
            mine = SkipReserved(mine);
            theirs = SkipReserved(theirs);
            int order = Compare(mine, theirs);
            if (order == 0 && !mine.IsEmpty)
            {
                // Where both state a label, it is the peer's word that the receiver wants judged.
                mine = mine[1..];
                continue;
            }

            ref ReadOnlySpan<KeyValuePair<string, string>> stated = ref theirs;
            if (order < 0)
            {
                stated = ref mine;
            }

            if (!known.IsEmpty && Compare(known, stated) <= 0)
            {
                tell(known[0].Key, known[0].Value, Source.Attested);
                known = known[1..];
                continue;
            }

            if (stated.IsEmpty)
            {
                return;
            }

            string key = stated[0].Key;
            bool isPinned = order < 0 ? IsPinnedFor(own.Handle, own, key) : IsPinnedFor(own.Handle, peer, key);
            tell(key, stated[0].Value, isPinned ? Source.Pinned : Source.Claimed);
            stated = stated[1..];
        }
    }

    private static ReadOnlySpan<KeyValuePair<string, string>> SkipReserved(ReadOnlySpan<KeyValuePair<string, string>> labels)
    {
        while (!labels.IsEmpty && ReservedKeys.IsReserved(labels[0].Key))
        {
            labels = labels[1..];
        }

        return labels;
    }

    // Which begins with the first key; where there is none, that is the last.
    private static int Compare(
        ReadOnlySpan<KeyValuePair<string, string>> one, ReadOnlySpan<KeyValuePair<string, string>> other) =>
        one.IsEmpty || other.IsEmpty
            ? (one.IsEmpty ? 1 : 0) - (other.IsEmpty ? 1 : 0)
            : string.CompareOrdinal(one[0].Key, other[0].Key);

    private static bool IsPinnedFor(Handle receiver, in Party party, string key) =>
        party.Handle.IsPinned(party.Side, key)
        && (party.Handle.PinnedBy(party.Side, key)?.IsAncestorOrSelf(receiver) ?? true);
}
