// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Ingress.Listening;
using Flower.Protocol;
using Flower.Rpc.Interop;

namespace Flower.Ingress.Accepting;

/// <summary>
/// The address labels of the connections of one listener: who came, and where to. Numeric; IPv4-mapped IPv6 as IPv4.
/// What is the same for all of them is worked out once.
/// </summary>
internal sealed class AddressLabels
{
    private const string ClientPort = "client_port";

    private static readonly IPEndPoint Inet = new(IPAddress.Any, 0);
    private static readonly IPEndPoint Inet6 = new(IPAddress.IPv6Any, 0);

    private readonly IPEndPoint? _server;
    private readonly string? _path;
    private readonly bool _isWildcard;
    private readonly SocketAddress _name = StreamSocket.NewName();
    private (IPAddress Client, IPEndPoint Server, LabelSet Labels)? _last;

    public AddressLabels(ListenSocket listener)
    {
        _server = listener.Local as IPEndPoint;
        _path = _server is null ? listener.Local.ToString() : null;
        _isWildcard = _server is not null
            && (_server.Address.Equals(IPAddress.Any) || _server.Address.Equals(IPAddress.IPv6Any));
    }

    /// <summary>What is known of an accepted socket, which is taken over.</summary>
    public AcceptedConnection Read(Descriptor socket, SocketAddress peer)
    {
        if (_server is null)
        {
            return new(socket, null, OfUnix(StreamSocket.PeerOf(socket)));
        }

        IPEndPoint client = EndPoint(peer);
        IPEndPoint server = _server;
        if (_isWildcard)
        {
            StreamSocket.GetName(socket, _name);
            server = EndPoint(_name);
        }

        return new(socket, client, LabelsOf(client, server));
    }

    /// <summary>The labels of a TCP connection.</summary>
    public static LabelSet Of(IPEndPoint client, IPEndPoint server)
    {
        IPAddress from = Plain(client.Address);
        return LabelSet.Create(
            ("address_family", from.AddressFamily == AddressFamily.InterNetwork ? "inet" : "inet6"),
            ("client_address", from.ToString()),
            (ClientPort, client.Port.ToString(CultureInfo.InvariantCulture)),
            ("server_address", Plain(server.Address).ToString()),
            ("server_port", server.Port.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>IPv4-mapped IPv6 as IPv4.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    // Many come from the same host, one after another.
    private LabelSet LabelsOf(IPEndPoint client, IPEndPoint server)
    {
        LabelSet labels = _last is var (host, address, last) && host.Equals(client.Address) && address.Equals(server)
            ? last.WithUnchecked([new(ClientPort, client.Port.ToString(CultureInfo.InvariantCulture))])
            : Of(client, server);
        _last = (client.Address, server, labels);
        return labels;
    }

    private static IPEndPoint EndPoint(SocketAddress name)
    {
        IPEndPoint kind = name.Family == AddressFamily.InterNetworkV6 ? Inet6 : Inet;
        var endPoint = (IPEndPoint)kind.Create(name);
        return endPoint.Address.IsIPv4MappedToIPv6 ? new(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;
    }

    private LabelSet OfUnix(Credentials? peer) => peer is { } who
        ? LabelSet.Create(
            ("address_family", "unix"),
            ("client_gid", who.Gid.ToString(CultureInfo.InvariantCulture)),
            ("client_pid", who.Pid.ToString(CultureInfo.InvariantCulture)),
            ("client_uid", who.Uid.ToString(CultureInfo.InvariantCulture)),
            ("server_path", _path!))
        : LabelSet.Create(("address_family", "unix"), ("server_path", _path!));
}
