// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using DnsClient;
using Flower.Run.Names;
using Flower.Tests.EndToEnd;

namespace Flower.Tests.Run;

/// <summary>A name server of a box on ports of loopback, over IPv4 and IPv6.</summary>
internal sealed class NameStubFixture : IAsyncDisposable
{
    private readonly Socket[] _datagrams;
    private readonly Socket[] _listeners;
    private readonly CancellationTokenSource _stop = new();

    public NameStubFixture(TimeSpan? idleLimit = null)
    {
        IPAddress[] addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback];
        _datagrams = [.. addresses.Select(address => Bind(address, SocketType.Dgram, ProtocolType.Udp))];
        _listeners = [.. addresses.Select(address => Bind(address, SocketType.Stream, ProtocolType.Tcp))];
        foreach (Socket listener in _listeners)
        {
            listener.Listen();
        }

        Udp = [.. _datagrams.Select(socket => (IPEndPoint)socket.LocalEndPoint!)];
        Tcp = [.. _listeners.Select(socket => (IPEndPoint)socket.LocalEndPoint!)];
        Ended = new NameStub(Names, _datagrams, _listeners, idleLimit).RunAsync(_stop.Token);
    }

    public SyntheticNames Names { get; } = new(TimeProvider.System, hasIPv6: true);

    public IPEndPoint[] Udp { get; }

    public IPEndPoint[] Tcp { get; }

    public Task Ended { get; }

    public IReadOnlyList<Socket> Sockets => [.. _datagrams, .. _listeners];

    /// <summary>A client that others wrote.</summary>
    public LookupClient Client(bool tcp, int which = 0, int ednsBytes = 0) =>
        new(new LookupClientOptions(tcp ? Tcp[which] : Udp[which])
        {
            UseCache = false,
            UseTcpOnly = tcp,
            UseTcpFallback = false,
            ExtendedDnsBufferSize = ednsBytes,
            Retries = 0,
            Timeout = Patience.Limit,
        });

    /// <summary>A connection by hand.</summary>
    public async Task<Socket> ConnectAsync(int which = 0)
    {
        var socket = new Socket(Tcp[which].AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Tcp[which]).Within();
        return socket;
    }

    public Task StopAsync() => _stop.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Ended.Within();
        _stop.Dispose();
    }

    private static Socket Bind(IPAddress address, SocketType type, ProtocolType protocol)
    {
        var socket = new Socket(address.AddressFamily, type, protocol);
        socket.Bind(new IPEndPoint(address, 0));
        return socket;
    }
}
