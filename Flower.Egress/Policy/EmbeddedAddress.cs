// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;

namespace Flower.Egress.Policy;

/// <summary>
/// IPv6 addresses that are IPv4 destinations in another spelling: IPv4-mapped ones (RFC 4291 §2.5.5.2), which the
/// kernel connects to by IPv4, and those of the well-known NAT64 prefix (RFC 6052 §2.1), which a translator does.
/// </summary>
internal static class EmbeddedAddress
{
    private const int PrefixLength = 96;

    // Of bytes: IPNetwork and IPAddress take a mapped address for IPv4 in some places and not in others.
    private static ReadOnlySpan<byte> Mapped => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];

    private static ReadOnlySpan<byte> Nat64 => [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>The address where a connection really ends, without a scope.</summary>
    public static IPAddress Of(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return address;
        }

        ReadOnlySpan<byte> bytes = address.GetAddressBytes();
        return new IPAddress(bytes.StartsWith(Mapped) || bytes.StartsWith(Nat64) ? bytes[(PrefixLength / 8)..] : bytes);
    }

    /// <summary>The network that a rule means.</summary>
    public static IPNetwork Of(IPNetwork network)
    {
        bool isNarrow = network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6
            && network.PrefixLength >= PrefixLength;
        IPAddress address = isNarrow ? Of(network.BaseAddress) : network.BaseAddress;
        return isNarrow && address.AddressFamily == AddressFamily.InterNetwork
            ? new IPNetwork(address, network.PrefixLength - PrefixLength)
            : network;
    }
}
