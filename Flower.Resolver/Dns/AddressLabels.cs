// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;

namespace Flower.Resolver.Dns;

/// <summary>Addresses as labels, which an egress understands.</summary>
internal static class AddressLabels
{
    /// <summary>
    /// The addresses in the order in which they are to be tried: IPv6 and IPv4 by turns, IPv6 first (RFC 8305, section 4).
    /// </summary>
    public static IReadOnlyList<IPAddress> Interleave(IEnumerable<IPAddress> addresses)
    {
        // Stable: the place within the family first, then the family.
        return [.. addresses.Distinct()
            .GroupBy(address => address.AddressFamily)
            .SelectMany(family => family.Select((address, place) => (Address: address, Place: place)))
            .OrderBy(entry => entry.Place)
            .ThenBy(entry => entry.Address.AddressFamily != AddressFamily.InterNetworkV6)
            .Select(entry => entry.Address)];
    }

    /// <summary>One address, with a port if there is one.</summary>
    public static ResolvedTarget Of(IPAddress address, ushort? port)
    {
        var labels = new List<KeyValuePair<string, string>>
        {
            new("address_family", address.AddressFamily == AddressFamily.InterNetworkV6 ? "inet6" : "inet"),
            new("server_address", address.ToString()),
        };
        if (port is ushort number)
        {
            labels.Add(new("server_port", number.ToString(CultureInfo.InvariantCulture)));
        }

        return new(LabelSet.Create(labels));
    }

    /// <summary>A text that is an address, as an egress has it; null: it is a name.</summary>
    public static IPAddress? Parse(string text) =>
        // TryParse also takes 127.1 and 0x7f000001, which others read otherwise, and [::1]:80 and ::1/64.
        IPAddress.TryParse(text, out IPAddress? address)
        && (address.AddressFamily == AddressFamily.InterNetwork
            ? address.ToString() == text
            : !text.AsSpan().ContainsAny("[]/%"))
            ? address
            : null;
}
