// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Protocol;

namespace Flower.Tests.EndToEnd;

/// <summary>A listening socket on loopback, which takes every connection.</summary>
internal sealed class TcpServer : IDisposable
{
    private readonly Socket _socket;

    public TcpServer(IPAddress address, int port = 0)
    {
        _socket = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _socket.Bind(new IPEndPoint(address, port));
        _socket.Listen(512);
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    public int Port => EndPoint.Port;

    /// <summary>A request for its port on a host with this name.</summary>
    public LabelSet Named(string host) => LabelSet.Create(
        ("server_hostname", host), ("server_port", Port.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Who made the next connection.</summary>
    public async Task<string> HearAsync()
    {
        using Socket accepted = await _socket.AcceptAsync().Within();
        return accepted.RemoteEndPoint!.ToString()!;
    }

    public void Dispose() => _socket.Dispose();
}
