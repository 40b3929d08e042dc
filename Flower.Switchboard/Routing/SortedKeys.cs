// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;

namespace Flower.Switchboard.Routing;

/// <summary>Sets of keys as sorted arrays (ordinal) without duplicates.</summary>
internal static class SortedKeys
{
    /// <summary>The keys of the labels.</summary>
    public static ImmutableArray<string> OfLabels(LabelSet set) =>
        ImmutableArray.CreateRange(set.Labels, static l => l.Key);

    /// <summary>The keys that a set states: of labels, and required ones.</summary>
    public static ImmutableArray<string> Stated(LabelSet set) => Union(OfLabels(set), set.RequiredKeys);

    public static ImmutableArray<string> Union(ImmutableArray<string> a, ImmutableArray<string> b) =>
        b.IsEmpty ? a : a.IsEmpty ? b : [.. a.Union(b, StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    public static bool Same(ImmutableArray<string> a, ImmutableArray<string> b) =>
        a.AsSpan().SequenceEqual(b.AsSpan(), StringComparer.Ordinal);

    /// <summary>Whether all of <paramref name="a"/> stand in <paramref name="b"/>.</summary>
    public static bool IsSubset(ImmutableArray<string> a, ImmutableArray<string> b)
    {
        if (a.Length > b.Length)
        {
            return false;
        }

        int i = 0;
        for (int j = 0; i < a.Length && j < b.Length; j++)
        {
            int order = string.CompareOrdinal(a[i], b[j]);
            if (order < 0)
            {
                return false;
            }

            i += order == 0 ? 1 : 0;
        }

        return i == a.Length;
    }

    /// <summary>Whether they have a key in common.</summary>
    public static bool Intersects(ImmutableArray<string> a, ImmutableArray<string> b)
    {
        for (int i = 0, j = 0; i < a.Length && j < b.Length;)
        {
            int order = string.CompareOrdinal(a[i], b[j]);
            if (order == 0)
            {
                return true;
            }

            i += order < 0 ? 1 : 0;
            j += order > 0 ? 1 : 0;
        }

        return false;
    }

    /// <summary>The keys in common.</summary>
    public static ImmutableArray<string> Intersect(ImmutableArray<string> a, ImmutableArray<string> b)
    {
        ImmutableArray<string>.Builder? both = null;
        for (int i = 0, j = 0; i < a.Length && j < b.Length;)
        {
            int order = string.CompareOrdinal(a[i], b[j]);
            if (order == 0)
            {
                (both ??= ImmutableArray.CreateBuilder<string>()).Add(a[i]);
            }

            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }

        return both is null ? [] : both.DrainToImmutable();
    }
}
