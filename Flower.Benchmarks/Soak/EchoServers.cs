// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;

namespace Flower.Benchmarks.Soak;

/// <summary>
/// The servers of a soak, in its own process: one on the board that says back what it hears, one on a TCP port that does the same,
/// and one on the board that never answers.
/// </summary>
internal sealed class EchoServers : IAsyncDisposable
{
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Listener> _listeners = [];
    private readonly List<Task> _serving = [];

    /// <summary>Labels of the one that answers.</summary>
    public static LabelSet Echo { get; } = LabelSet.Create(("service", "echo"));

    /// <summary>Labels of the one that does not.</summary>
    public static LabelSet Silent { get; } = LabelSet.Create(("service", "silent"));

    /// <summary>The TCP port, on loopback.</summary>
    public int Port => ((IPEndPoint)_tcp.LocalEndPoint!).Port;

    public async Task StartAsync(Handle handle)
    {
        _tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _tcp.Listen(1024);
        _serving.Add(ServeTcpAsync());
        Listener echo = await handle.ListenAsync(Echo);
        _listeners.Add(echo);
        _serving.Add(ServeAsync(echo));
        Listener silent = await handle.ListenAsync(Silent, new() { Credit = 0 });
        _listeners.Add(silent);
        _serving.Add(IgnoreAsync(silent));
    }

    public async ValueTask DisposeAsync()
    {
        _tcp.Dispose();
        foreach (Listener listener in _listeners)
        {
            await listener.DisposeAsync();
        }

        await Task.WhenAll(_serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task ServeAsync(Listener listener)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            _ = ServeAsync(incoming);
        }
    }

    // Never faults.
    private static async Task ServeAsync(IncomingConnection incoming)
    {
        try
        {
            using Connection connection = await incoming.AcceptAsync();
            await EchoAsync(connection.Socket);
        }
        catch (Exception e) when (e is FlowerException or SocketException)
        {
            // The client has gone.
        }
    }

    private static async Task IgnoreAsync(Listener listener)
    {
        await foreach (IncomingConnection _ in listener)
        {
        }
    }

    private static async Task EchoAsync(Socket socket)
    {
        byte[] buffer = new byte[64];
        while (await socket.ReceiveAsync(buffer) is int count and > 0)
        {
            await socket.SendAsync(buffer.AsMemory(0, count));
        }
    }

    private async Task ServeTcpAsync()
    {
        while (true)
        {
            Socket peer;
            try
            {
                peer = await _tcp.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = ServeTcpAsync(peer);
        }
    }

    // Never faults.
    private static async Task ServeTcpAsync(Socket peer)
    {
        using (peer)
        {
            try
            {
                await EchoAsync(peer);
            }
            catch (SocketException)
            {
                // The client has gone.
            }
        }
    }
}
