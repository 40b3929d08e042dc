// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Protocol;

namespace Flower.Ingress;

/// <summary>The labels of an accepted connection: who came, and where to. Numeric; IPv4-mapped IPv6 as IPv4.</summary>
internal static class AddressLabels
{
    /// <exception cref="SocketException">The client has gone already.</exception>
    public static LabelSet Of(Socket accepted, out string client)
    {
        if (accepted.LocalEndPoint is not IPEndPoint server)
        {
            client = "a local client";
            string path = accepted.LocalEndPoint?.ToString() ?? "";
            return LabelSet.Create(("address_family", "unix"), ("server_path", path));
        }

        var peer = accepted.RemoteEndPoint as IPEndPoint ?? throw new SocketException((int)SocketError.NotConnected);
        client = new IPEndPoint(Plain(peer.Address), peer.Port).ToString();
        return LabelSet.Create(
            ("address_family", Plain(peer.Address).AddressFamily == AddressFamily.InterNetwork ? "inet" : "inet6"),
            ("client_address", Plain(peer.Address).ToString()),
            ("client_port", peer.Port.ToString(CultureInfo.InvariantCulture)),
            ("server_address", Plain(server.Address).ToString()),
            ("server_port", server.Port.ToString(CultureInfo.InvariantCulture)));
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
