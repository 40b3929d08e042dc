// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Protocol;

/// <summary>What kinds of connections are called, wherever they are shown.</summary>
public static class ConnectionKinds
{
    /// <summary>The word; "unknown", if this version does not know the kind.</summary>
    public static string NameOf(ConnectionKind kind) => kind switch
    {
        ConnectionKind.Pair => "pair",
        ConnectionKind.Pushed => "pushed",
        ConnectionKind.EgressSocket => "egress",
        _ => "unknown",
    };
}
