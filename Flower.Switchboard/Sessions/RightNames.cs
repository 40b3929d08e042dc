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
        Right.Tap => "TAP",
        _ => "unspecified",
    };

    /// <summary>A right as people write it: CLIENT_CONNECT, or client-connect. Null: there is no such right.</summary>
    public static Right? Find(string name)
    {
        string spelled = name.ToUpperInvariant().Replace('-', '_');
        Right right = Enum.GetValues<Right>().FirstOrDefault(r => r != Right.Unspecified && NameOf(r) == spelled);
        return right == Right.Unspecified ? null : right;
    }
}
