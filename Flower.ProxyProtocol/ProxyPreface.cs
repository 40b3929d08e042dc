// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Text;
using Flower.Client;

namespace Flower.ProxyProtocol;

/// <summary>
/// The PROXY header that tells a server, before the first byte of the client, who the client is: the addresses of the
/// connection's labels, and the labels. Always with the command PROXY, since the connection is made for somebody;
/// without both addresses, of unspecified family. Pure.
/// </summary>
public static class ProxyPreface
{
    // Of PP2_TYPE_UNIQUE_ID.
    private const int MaxUniqueIdBytes = 128;

    /// <summary>Writes it.</summary>
    /// <param name="labels">Of the connection.</param>
    /// <param name="selection">Which of them it carries.</param>
    public static byte[] Of(ConnectionLabels labels, ProxyLabels selection)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(selection);
        IPEndPoint? source = EndPoint(labels, "client");
        IPEndPoint? destination = EndPoint(labels, "server");
        bool isKnown = source is not null && destination is not null
            && source.AddressFamily == destination.AddressFamily;
        return ProxyHeaderWriter.Write(new(
            IsLocal: false, isKnown ? source : null, isKnown ? destination : null, Fields(labels, selection)));
    }

    private static List<ProxyTlv> Fields(ConnectionLabels labels, ProxyLabels selection)
    {
        List<ProxyTlv> fields = [];
        if (!selection.HasFields)
        {
            return fields;
        }

        Add(fields, ProxyTlv.Alpn, labels["tls_alpn"]);
        Add(fields, ProxyTlv.Authority, labels["tls_server_name"] ?? labels["http_host"]);
        if (labels["flower.connection_id"] is { } id && Encoding.UTF8.GetByteCount(id) <= MaxUniqueIdBytes)
        {
            Add(fields, ProxyTlv.UniqueId, id);
        }

        foreach (ConnectionLabel label in labels.Where(label => selection.Has(label.Key)))
        {
            Add(fields, ProxyTlv.Custom, $"{label.Key}={label.Value}");
        }

        return fields;
    }

    private static void Add(List<ProxyTlv> fields, byte type, string? value)
    {
        if (value is not null)
        {
            fields.Add(new(type, value));
        }
    }

    private static IPEndPoint? EndPoint(ConnectionLabels labels, string side) =>
        IPAddress.TryParse(labels[side + "_address"], out IPAddress? address)
        && ushort.TryParse(labels[side + "_port"], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            ? new(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port)
            : null;
}
