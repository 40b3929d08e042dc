// SPDX-License-Identifier: BSD-2-Clause
using System.Net;

namespace Flower.Egress.Policy;

/// <summary>
/// Addresses that are not out on the public Internet, and so are denied unless a rule means them (IANA's
/// special-purpose registries, RFC 6890). Of IPv6 all is special but what has been given out, 2000::/3 (RFC 4291 §2.4).
/// </summary>
/// <param name="Network">The addresses.</param>
/// <param name="Name">What they are for.</param>
internal sealed record SpecialRange(IPNetwork Network, string Name)
{
    private static readonly SpecialRange[] All =
    [
        Make("0.0.0.0/32", "unspecified"),
        Make("0.0.0.0/8", "reserved"),
        Make("10.0.0.0/8", "private"),
        Make("100.64.0.0/10", "private"),
        Make("127.0.0.0/8", "loopback"),
        Make("169.254.0.0/16", "link-local"),
        Make("172.16.0.0/12", "private"),
        Make("192.0.0.0/24", "reserved"),
        Make("192.0.2.0/24", "documentation"),
        Make("192.88.99.0/24", "reserved"),
        Make("192.168.0.0/16", "private"),
        Make("198.18.0.0/15", "reserved"),
        Make("198.51.100.0/24", "documentation"),
        Make("203.0.113.0/24", "documentation"),
        Make("224.0.0.0/4", "multicast"),
        Make("240.0.0.0/4", "reserved"),
        Make("255.255.255.255/32", "broadcast"),
        Make("::/128", "unspecified"),
        Make("::1/128", "loopback"),
        Make("::/3", "reserved"),
        Make("2001::/23", "reserved"),
        Make("2001:db8::/32", "documentation"),
        Make("2002::/16", "reserved"),
        Make("3fff::/20", "documentation"),
        Make("4000::/2", "reserved"),
        Make("8000::/1", "reserved"),
        Make("fc00::/7", "private"),
        Make("fe80::/10", "link-local"),
        Make("fec0::/10", "private"),
        Make("ff00::/8", "multicast"),
    ];

    /// <summary>The narrowest that the address is in; null: it is public.</summary>
    public static SpecialRange? Of(IPAddress address)
    {
        SpecialRange? narrowest = null;
        foreach (SpecialRange range in All)
        {
            if (range.Network.Contains(address)
                && (narrowest is null || range.Network.PrefixLength > narrowest.Network.PrefixLength))
            {
                narrowest = range;
            }
        }

        return narrowest;
    }

    /// <summary>Whether all of a network is within this one.</summary>
    public bool Includes(IPNetwork network) =>
        network.PrefixLength >= Network.PrefixLength && Network.Contains(network.BaseAddress);

    public override string ToString() => $"{Network} ({Name})";

    private static SpecialRange Make(string network, string name) => new(IPNetwork.Parse(network), name);
}
