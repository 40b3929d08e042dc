// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;

namespace Flower.Http;

/// <summary>What connections an HttpClient asks the switchboard for.</summary>
public sealed record FlowerHttpOptions
{
    /// <summary>Labels of every request, beside those of the URL. Default: none.</summary>
    public LabelSet Labels { get; init; } = LabelSet.Empty;

    /// <summary>
    /// The labels of a URL's host and port: the names of servers on the board are
    /// <c>url =&gt; LabelSet.Create(("service", url.Host))</c>. Default: <see cref="AddressLabels"/>.
    /// </summary>
    public Func<DnsEndPoint, LabelSet> LabelsOf { get; init; } = AddressLabels;

    /// <summary>
    /// How a target is chosen, and how long to wait for it; <see cref="SocketsHttpHandler.ConnectTimeout"/> counts too.
    /// Default: one that has something in common with the labels (<see cref="ConnectOptions.RelatedOnly"/>).
    /// </summary>
    public ConnectOptions Connect { get; init; } = new() { RelatedOnly = true };

    /// <summary>
    /// What an egress or a resolver understands: of a name, <c>server_hostname</c> and <c>server_port</c>; of a numeric
    /// address, <c>address_family</c>, <c>server_address</c> and <c>server_port</c>.
    /// </summary>
    /// <param name="url">Host and port of the URL.</param>
    /// <exception cref="LabelException">The host breaks a rule for labels.</exception>
    public static LabelSet AddressLabels(DnsEndPoint url)
    {
        ArgumentNullException.ThrowIfNull(url);
        string port = url.Port.ToString(CultureInfo.InvariantCulture);
        if (!IPAddress.TryParse(url.Host, out IPAddress? address))
        {
            return LabelSet.Create(("server_hostname", url.Host), ("server_port", port));
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        return LabelSet.Create(
            ("address_family", address.AddressFamily == AddressFamily.InterNetworkV6 ? "inet6" : "inet"),
            ("server_address", address.ToString()),
            ("server_port", port));
    }

    internal LabelSet AllLabels(DnsEndPoint url)
    {
        LabelSet labels = LabelsOf(url).Merge(Labels, out IReadOnlyList<string> contradictions);
        return contradictions.Count == 0
            ? labels
            : throw new InvalidOperationException(
                $"the labels of {LabelRules.Printable(url.Host)}:{url.Port} contradict those of every request: "
                + LabelRules.Printable(string.Join(", ", contradictions)));
    }
}
