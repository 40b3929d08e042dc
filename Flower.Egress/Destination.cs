// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Client;

namespace Flower.Egress;

/// <summary>Where a client wants to be connected to, as its labels say.</summary>
internal sealed record Destination(EndPoint EndPoint)
{
    /// <exception cref="DialException">A label is missing, or is not numeric.</exception>
    public static Destination Read(ConnectionLabels labels) => labels["address_family"] switch
    {
        "inet" => new(Internet(labels, AddressFamily.InterNetwork, "an IPv4 address such as 192.0.2.1")),
        "inet6" => new(Internet(labels, AddressFamily.InterNetworkV6, "an IPv6 address such as 2001:db8::1")),
        "unix" => new(Local(labels)),
        string other => throw new DialException($"address_family must be inet, inet6 or unix, not '{other}'"),
        null => throw new DialException("the label address_family is missing"),
    };

    public override string ToString() => EndPoint.ToString()!;

    private static IPEndPoint Internet(ConnectionLabels labels, AddressFamily family, string wanted)
    {
        string text = Required(labels, "server_address");

        // TryParse also takes 127.1 and 0x7f000001, which others read otherwise.
        if (!IPAddress.TryParse(text, out IPAddress? address) || address.AddressFamily != family
            || (family == AddressFamily.InterNetwork && address.ToString() != text))
        {
            throw new DialException($"server_address must be {wanted}, not '{text}'");
        }

        string port = Required(labels, "server_port");
        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) && number != 0
            ? new(address, number)
            : throw new DialException($"server_port must be a number from 1 to 65535, not '{port}'");
    }

    private static UnixDomainSocketEndPoint Local(ConnectionLabels labels)
    {
        string path = Required(labels, "server_path");
        if (!path.StartsWith('/'))
        {
            throw new DialException($"server_path must be an absolute path, not '{path}'");
        }

        try
        {
            return new(path);
        }
        catch (ArgumentException e)
        {
            throw new DialException("server_path is too long for a socket: at most 107 bytes", e);
        }
    }

    private static string Required(ConnectionLabels labels, string key) =>
        labels[key] ?? throw new DialException($"the label {key} is missing");
}
