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
        _ => "unknown",
    };

    /// <summary>Rights for people; all of them are one word.</summary>
    public static string Names(IReadOnlyList<Right> rights) => rights.Count switch
    {
        0 => "none",
        6 => "all",
        _ => string.Join(' ', rights.Select(Name)),
    };
}
