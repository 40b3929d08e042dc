// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions.Live;

/// <summary>
/// The client's side of a connection that is being made: mostly that of others before it, but for the values of some labels, as the
/// connections of an ingress have them.
/// </summary>
/// <param name="Like">A side that is kept anyway.</param>
/// <param name="Values">In the place of those that its labels have.</param>
internal readonly record struct ClientSide(LiveSide Like, KeyValuePair<string, string>[] Values)
{
    /// <summary>The same with other values for some labels.</summary>
    /// <param name="values">For keys that it has; not copied.</param>
    public ClientSide With(KeyValuePair<string, string>[] values)
    {
        foreach (KeyValuePair<string, string> value in Values)
        {
            // Mostly none: the next connection differs from this one in what this one differs from the first.
            if (!Has(values, value.Key))
            {
                values = [.. values, value];
            }
        }

        return new(Like, values);
    }

    private static bool Has(KeyValuePair<string, string>[] values, string key)
    {
        foreach (KeyValuePair<string, string> value in values)
        {
            if (value.Key == key)
            {
                return true;
            }
        }

        return false;
    }
}
