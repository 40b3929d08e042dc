// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.Egress.Policy;
using Flower.Rpc.Interop;

namespace Flower.Egress.Dialing;

/// <summary>
/// Where a client's labels say, as far as the allow-list has it. What is judged is what is connected to: an address is
/// numeric, and a path is judged as it is written, and again as it is where it led to. Immutable.
/// </summary>
internal sealed class StatedDestinations(AllowList allowed) : Destinations
{
    private const int MaxPathBytes = 107;

    public override DialTarget Open(ConnectionLabels labels) => labels["address_family"] switch
    {
        "inet" => Internet(labels, AddressFamily.InterNetwork, "an IPv4 address such as 192.0.2.1"),
        "inet6" => Internet(labels, AddressFamily.InterNetworkV6, "an IPv6 address such as 2001:db8::1"),
        "unix" => Local(labels),
        string other => throw new DialException($"address_family must be inet, inet6 or unix, not '{other}'"),
        null => throw new DialException("the label address_family is missing"),
    };

    private DialTarget Internet(ConnectionLabels labels, AddressFamily family, string wanted)
    {
        string text = Required(labels, "server_address");

        // TryParse also takes 127.1 and 0x7f000001, which others read otherwise, and [::1]:80 and ::1/64.
        if (!IPAddress.TryParse(text, out IPAddress? address) || address.AddressFamily != family
            || (family == AddressFamily.InterNetwork ? address.ToString() != text : text.AsSpan().ContainsAny("[]/")))
        {
            throw new DialException($"server_address must be {wanted}, not '{text}'");
        }

        string port = Required(labels, "server_port");
        if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) || number == 0)
        {
            throw new DialException($"server_port must be a number from 1 to 65535, not '{port}'");
        }

        var endPoint = new IPEndPoint(address, number);
        Check(allowed.Refuse(endPoint));
        return new(endPoint);
    }

    private DialTarget Local(ConnectionLabels labels)
    {
        string path = Required(labels, "server_path");
        if (!path.StartsWith('/'))
        {
            throw new DialException($"server_path must be an absolute path, not '{path}'");
        }

        if (System.Text.Encoding.UTF8.GetByteCount(path) > MaxPathBytes)
        {
            throw new DialException($"server_path is too long for a socket: at most {MaxPathBytes} bytes");
        }

        // Before it is looked at: whoever may not go there does not learn either what is there, nor makes this process
        // wait for a file system.
        Check(allowed.Refuse(path));
        SocketPath file = SocketPath.TryOpen(path, out int errno)
            ?? throw new DialException(DialWords.Of(errno, $"unix:{path}"));
        if (allowed.Refuse(file.Location) is { } refusal)
        {
            file.Dispose();
            throw new DialException(refusal);
        }

        return new(file);
    }

    private static void Check(string? refusal)
    {
        if (refusal is not null)
        {
            throw new DialException(refusal);
        }
    }

    private static string Required(ConnectionLabels labels, string key) =>
        labels[key] ?? throw new DialException($"the label {key} is missing");
}
