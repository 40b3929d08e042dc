// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>Rights as they stand in messages.</summary>
internal static class RightsMessage
{
    private static readonly ImmutableArray<(Right Message, Rights Flag)> Pairs =
    [
        (Right.ClientConnect, Rights.ClientConnect),
        (Right.EgressStart, Rights.EgressStart),
        (Right.IngressConnect, Rights.IngressConnect),
        (Right.ResolverStart, Rights.ResolverStart),
        (Right.ServerStart, Rights.ServerStart),
        (Right.List, Rights.List),
        (Right.Tap, Rights.Tap),
    ];

    /// <summary>Reads rights; false if one is none. A right may stand twice.</summary>
    public static bool TryRead(IEnumerable<Right> message, out Rights rights)
    {
        rights = Rights.None;
        foreach (Right right in message)
        {
            Rights flag = Pairs.FirstOrDefault(p => p.Message == right).Flag;
            if (flag == Rights.None)
            {
                return false;
            }

            rights |= flag;
        }

        return true;
    }

    public static ImmutableArray<Right> ToMessage(this Rights rights) =>
        [.. Pairs.Where(p => rights.HasFlag(p.Flag)).Select(p => p.Message)];
}
