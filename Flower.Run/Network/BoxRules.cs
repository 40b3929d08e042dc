// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;

namespace Flower.Run.Network;

/// <summary>
/// What a box's network is told before a program runs in it: addresses and routes, as ip(8) reads them, and rules, as
/// nft(8) does. Pure.
/// </summary>
/// <remarks>
/// Every address is local, so that whatever is sent arrives on <c>lo</c>, and nothing has to be translated: no
/// connection costs an entry in the kernel's table of connections. There, the first packet of a TCP connection is set
/// aside: it is logged, which is how the agent gets it, and dropped. The agent sends it once more with the mark of its
/// verdict. So connect(2) ends when the board has decided, and as it has. A packet that nobody marks is dropped, and
/// what is dropped comes again (RFC 9293 §3.8.1). Other packets need no rule: they belong to a socket or to none.
/// </remarks>
internal static class BoxRules
{
    /// <summary>The group to which first packets are logged.</summary>
    public const ushort LogGroup = 1;

    /// <summary>The addresses and the route of IPv4 or IPv6.</summary>
    /// <param name="all">All addresses of the family.</param>
    /// <param name="own">The address that programs in the box call from.</param>
    /// <param name="stub">The address of the DNS stub: of IPv6, a socket is bound to none that no interface has.</param>
    public static string Addresses(IPNetwork all, IPAddress own, IPAddress stub)
    {
        // Usable at once, and not only when nobody else has been found to have it (RFC 4862 §5.4).
        bool is6 = own.AddressFamily == AddressFamily.InterNetworkV6;
        string atOnce = is6 ? " nodad" : string.Empty;

        // Nobody answers for what is sent to many, so that it is refused at once; before the kernel's own route to them.
        string many = is6 ? "ff00::/8 table local metric 1" : "224.0.0.0/4 table local";
        return $"""
            address add {own} dev lo{atOnce}
            address add {stub} dev lo{atOnce}
            route add local {all} dev lo src {own}
            route add unreachable {many}

            """;
    }

    /// <summary>The rules.</summary>
    /// <param name="listener4">Where the agent takes connections to IPv4 addresses.</param>
    /// <param name="listener6">The same for IPv6; null: there is no IPv6.</param>
    /// <param name="stub4">Where the DNS stub is.</param>
    /// <param name="stub6">The same for IPv6.</param>
    public static string Firewall(IPEndPoint listener4, IPEndPoint? listener6, IPEndPoint stub4, IPEndPoint? stub6)
    {
        // Programs in the box reach each other on the loopback addresses, where one of them listens, or has just done
        // with a connection of the same ends (TIME_WAIT).
        string rules = $$"""
            table inet flower {
              chain first-packets {
                type filter hook prerouting priority mangle; policy accept;
                meta l4proto != tcp accept
                tcp flags & (fin | syn | rst | ack) != syn accept
                meta mark {{Marks.Agent}} accept
                ip daddr 127.0.0.0/8 socket transparent { 0, 1 } accept
                ip daddr {{stub4.Address}} tcp dport {{stub4.Port}} accept
                meta nfproto ipv4 meta l4proto tcp meta mark {{Marks.Of(Verdict.Accept)}} tproxy ip to {{listener4}} accept

            """;
        if (listener6 is not null && stub6 is not null)
        {
            rules += $$"""
                ip6 daddr ::1 socket transparent { 0, 1 } accept
                ip6 daddr {{stub6.Address}} tcp dport {{stub6.Port}} accept
                meta nfproto ipv6 meta l4proto tcp meta mark {{Marks.Of(Verdict.Accept)}} tproxy ip6 to {{listener6}} accept

            """;
        }

        return rules + $$"""
                meta mark {{Marks.Of(Verdict.Refuse)}} reject with tcp reset
                meta mark {{Marks.Of(Verdict.Unreachable)}} reject with icmpx type host-unreachable
                log group {{LogGroup}} queue-threshold 1
                drop
              }
            }

            """;
    }
}
