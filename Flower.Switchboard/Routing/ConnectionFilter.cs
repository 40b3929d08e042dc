// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Switchboard.Routing;

/// <summary>
/// Which connections somebody wants, or may see: those of which no side contradicts some labels, and one or the other states
/// each key that these require. Immutable.
/// </summary>
/// <param name="labels">The labels.</param>
internal sealed class ConnectionFilter(LabelSet labels)
{
    /// <summary>Whether a connection is among them.</summary>
    /// <param name="sides">All that both sides state, and what is attested of them.</param>
    public bool Fits(params ReadOnlySpan<LabelSet> sides)
    {
        foreach (LabelSet side in sides)
        {
            // A required key of a reserved kind is a demand on the other side, and no label of this one.
            if (side.ContradictionsWith(labels).Count > 0)
            {
                return false;
            }
        }

        foreach (string key in labels.RequiredKeys)
        {
            if (!IsStated(key, sides))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a key is stated by any of them.</summary>
    public static bool IsStated(string key, params ReadOnlySpan<LabelSet> sides)
    {
        foreach (LabelSet side in sides)
        {
            if (side.States(key))
            {
                return true;
            }
        }

        return false;
    }
}
