// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.CommandLine;

namespace Flower.Ingress.Accepting;

/// <summary>Whose PROXY headers are believed: networks, and who comes by a Unix socket. Immutable.</summary>
internal sealed class ProxySources
{
    private readonly IPNetwork[] _networks;
    private readonly bool _unix;

    private ProxySources(IPNetwork[] networks, bool unix) => (_networks, _unix) = (networks, unix);

    /// <summary>Reads CIDRs, addresses and the word <c>unix</c>.</summary>
    /// <exception cref="ToolException">One is none of these.</exception>
    public static ProxySources Parse(IReadOnlyCollection<string> words) =>
        new([.. words.Where(word => word != "unix").Select(ParseNetwork)], words.Contains("unix"));

    /// <param name="peer">The peer of the socket; null: of a Unix socket.</param>
    public bool Trusts(IPEndPoint? peer)
    {
        if (peer is null)
        {
            return _unix;
        }

        IPAddress address = AddressLabels.Plain(peer.Address);
        return Array.Exists(_networks, network => network.Contains(address));
    }

    // Stricter than the library, which takes 10.0.0.1/8 as 10.0.0.0/8, and 10.1 as 10.0.0.1: who writes these may mean
    // something else, and this decides whom to believe.
    private static IPNetwork ParseNetwork(string word)
    {
        string first = word.Split('/', 2)[0];
        bool isAddress = IPAddress.TryParse(first, out IPAddress? address)
            && (address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == first);
        if (isAddress && word == first)
        {
            return new(address!, address!.GetAddressBytes().Length * 8);
        }

        return isAddress && IPNetwork.TryParse(word, out IPNetwork network) && network.BaseAddress.Equals(address)
            ? network
            : throw new ToolException(
                ExitCodes.Usage,
                $"'{word}' is not a network for --proxy-protocol: write 10.0.0.0/8 (no bit set behind the prefix), an "
                    + "address, or unix");
    }
}
