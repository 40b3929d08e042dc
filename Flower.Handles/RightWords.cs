// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Handles;

/// <summary>The rights as the contract spells them.</summary>
internal static class RightWords
{
    public static string Name(Right right) => right switch
    {
        Right.ClientConnect => "CLIENT_CONNECT",
        Right.EgressStart => "EGRESS_START",
        Right.IngressConnect => "INGRESS_CONNECT",
        Right.ResolverStart => "RESOLVER_START",
        Right.ServerStart => "SERVER_START",
        Right.List => "LIST",
        Right.Tap => "TAP",
        _ => "unknown",
    };

    /// <summary>Rights for people; all of them are one word, but for TAP, which is always named.</summary>
    public static string Names(IReadOnlyList<Right> rights) => rights.Count(right => right != Right.Tap) switch
    {
        0 when rights.Count == 0 => "none",
        6 => rights.Contains(Right.Tap) ? "all TAP" : "all",
        _ => string.Join(' ', rights.Select(Name)),
    };
}
