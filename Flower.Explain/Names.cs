// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol.V1;

namespace Flower.Explain;

/// <summary>What people and scripts call what an explanation consists of.</summary>
internal static class Names
{
    public static string Of(Right right) => right switch
    {
        Right.ClientConnect => "CLIENT_CONNECT",
        Right.IngressConnect => "INGRESS_CONNECT",
        _ => $"{right}",
    };

    public static string Of(TargetInfo target) => target.Kind switch
    {
        TargetKind.Server => target.IsActivator ? "activator" : "server",
        TargetKind.Egress => "egress",
        _ => "unknown",
    };

    public static string Of(Standing standing) => standing switch
    {
        Standing.Best => "best",
        Standing.Equal => "equal",
        Standing.LastResort => "last-resort",
        Standing.Drains => "drains",
        Standing.Outranked => "outranked",
        Standing.NoMatch => "no-match",
        _ => "unknown",
    };

    public static string? Of(Rank rank) => rank switch
    {
        Rank.Stated => "stated",
        Rank.Related => "related",
        Rank.Unrelated => "unrelated",
        _ => null,
    };

    public static string? Of(Obstacle obstacle) => obstacle switch
    {
        Obstacle.TakesNoIngress => "takes-no-ingress",
        Obstacle.TakesRelaysOnly => "takes-relays-only",
        Obstacle.NothingInCommon => "nothing-in-common",
        _ => null,
    };
}
