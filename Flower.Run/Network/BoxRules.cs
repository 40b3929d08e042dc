// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.Run.Names;

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

    /// <summary>Where the DNS stub is asked, at the stub's addresses.</summary>
    public const int DnsPort = 53;

    /// <summary>
    /// Where the agent takes connections, at the same addresses: beyond the ports that the kernel gives to programs by itself
    /// (ip_local_port_range, ip(7)).
    /// </summary>
    public const int AgentPort = 61053;

    /// <summary>The interface, its addresses, and the routes.</summary>
    public static string Addresses(bool hasIPv6) => "link set lo up\n"
        + Addresses(new(IPAddress.Any, 0), SyntheticAddresses.Own4, SyntheticAddresses.Stub4)
        + (hasIPv6
            ? Addresses(new(IPAddress.IPv6Any, 0), SyntheticAddresses.Own6, SyntheticAddresses.Stub6)
            : string.Empty);

    // Of IPv6, a socket is bound to no address that no interface has: so the stub's, too.
    private static string Addresses(IPNetwork all, IPAddress own, IPAddress stub)
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
    public static string Firewall(bool hasIPv6)
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
                ip daddr {{SyntheticAddresses.Stub4}} tcp dport {{DnsPort}} accept
                meta nfproto ipv4 meta l4proto tcp meta mark {{Marks.Of(Verdict.Accept)}} tproxy ip to {{Listener(SyntheticAddresses.Stub4)}} accept

            """;
        if (hasIPv6)
        {
            rules += $$"""
                ip6 daddr ::1 socket transparent { 0, 1 } accept
                ip6 daddr {{SyntheticAddresses.Stub6}} tcp dport {{DnsPort}} accept
                meta nfproto ipv6 meta l4proto tcp meta mark {{Marks.Of(Verdict.Accept)}} tproxy ip6 to {{Listener(SyntheticAddresses.Stub6)}} accept

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

    // With brackets around an address of IPv6, as nft(8) wants it.
    private static IPEndPoint Listener(IPAddress address) => new(address, AgentPort);
}
