// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Switchboard.Sessions;

/// <summary>The rights as the contract spells them.</summary>
internal static class RightNames
{
    public static string NameOf(Right right) => right switch
    {
        Right.ClientConnect => "CLIENT_CONNECT",
        Right.EgressStart => "EGRESS_START",
        Right.IngressConnect => "INGRESS_CONNECT",
        Right.ResolverStart => "RESOLVER_START",
        Right.ServerStart => "SERVER_START",
        Right.List => "LIST",
        _ => "unspecified",
    };
}
