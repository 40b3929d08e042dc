// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Egress.Dialing;

/// <summary>
/// The one place that the operator named, whatever the labels say. No allow-list: whoever may reach the egress may
/// reach that place. Immutable.
/// </summary>
internal sealed class FixedDestination(EndPoint endPoint) : Destinations
{
    private static readonly string[] Stated = ["address_family", "server_address", "server_port", "server_path"];

    /// <exception cref="ToolException">It is no address.</exception>
    public static FixedDestination Parse(string text) => new(
        ParseEndPoint(text) ?? throw new ToolException(
            ExitCodes.Usage, $"'{text}' is no address for --to: write 127.0.0.1:8080, [::1]:80 or unix:/path"));

    /// <summary>
    /// Labels of the registration that would state a destination, and contradict those of clients and ingresses. That they
    /// have an <c>address_family</c>, whichever it is, may be required: it is how boxes find it.
    /// </summary>
    /// <exception cref="ToolException">There are some.</exception>
    public static void Check(LabelSet labels)
    {
        string? bad = labels.Labels.Select(label => label.Key).Concat(labels.RequiredKeys.Where(key => key != Stated[0]))
            .FirstOrDefault(key => Stated.Contains(key) || key.StartsWith("client_", StringComparison.Ordinal));
        if (bad is not null)
        {
            throw new ToolException(
                ExitCodes.Usage, $"leave out the label {bad}: with --to, labels say what the service is and not where");
        }
    }

    public override DialTarget Open(ConnectionLabels labels) => new(endPoint);

    public override string ToString() => new DialTarget(endPoint).ToString();

    private static EndPoint? ParseEndPoint(string text)
    {
        if (text.StartsWith("unix:/", StringComparison.Ordinal))
        {
            try
            {
                return new UnixDomainSocketEndPoint(text["unix:".Length..]);
            }
            catch (ArgumentException)
            {
                return null;
            }
        }

        // TryParse also takes an address without a port, and 127.1.
        int colon = text.LastIndexOf(':');
        return colon > 0
            && ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            && port != 0
            && IPEndPoint.TryParse(text, out IPEndPoint? endPoint)
            && (endPoint.AddressFamily == AddressFamily.InterNetworkV6
                ? text.StartsWith('[') && text[colon - 1] == ']'
                : text[..colon] == endPoint.Address.ToString())
            ? endPoint
            : null;
    }
}
