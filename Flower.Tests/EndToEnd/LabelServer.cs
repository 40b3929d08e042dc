// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Flower.Client;
using Flower.Protocol;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// A server on the board that answers each connection with its own name, in HTTP, once it has read a head or the end,
/// and keeps what it was told about each. Owns its session.
/// </summary>
internal sealed class LabelServer : IAsyncDisposable
{
    private readonly Client.Handle _handle;
    private readonly Listener _listener;
    private readonly string _name;
    private readonly Task _serving;

    private LabelServer(Client.Handle handle, Listener listener, string name)
    {
        _handle = handle;
        _listener = listener;
        _name = name;
        _serving = Task.Run(ServeAsync);
    }

    /// <summary>What was served, in the order in which it was done.</summary>
    public ConcurrentQueue<Visit> Visits { get; } = [];

    public static async Task<LabelServer> StartAsync(
        SwitchboardFixture board, string name, params (string Key, string Value)[] labels)
    {
        Client.Handle handle = await board.OpenAsync();
        return new(handle, await handle.ListenAsync(LabelSet.Create(labels)).Within(), name);
    }

    /// <summary>The first visit.</summary>
    public async Task<Visit> FirstAsync()
    {
        await Patience.UntilAsync(() => Task.FromResult(!Visits.IsEmpty));
        return Visits.First();
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        await _serving.Within();
        await _handle.DisposeAsync();
    }

    private async Task ServeAsync()
    {
        var tasks = new List<Task>();
        await foreach (IncomingConnection incoming in _listener)
        {
            tasks.Add(ServeAsync(incoming));
        }

        await Task.WhenAll(tasks);
    }

    private async Task ServeAsync(IncomingConnection incoming)
    {
        try
        {
            using Connection connection = await incoming.AcceptAsync();
            await ServeAsync(connection);
        }
        catch (Exception e) when (e is FlowerException or IOException or SocketException)
        {
            // The client has gone.
        }
    }

    private async Task ServeAsync(Connection connection)
    {
        bool noDelay = connection.Socket is { AddressFamily: not AddressFamily.Unix, NoDelay: true };
        bool keepAlive = (int)connection.Socket.GetSocketOption(
            SocketOptionLevel.Socket, SocketOptionName.KeepAlive)! != 0;
        NetworkStream stream = connection.GetStream();
        byte[] buffer = new byte[32 * 1024];
        var received = new StringBuilder();
        while (!received.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)
            && await stream.ReadAsync(buffer) is int count and > 0)
        {
            received.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        Visits.Enqueue(new(connection.Labels, received.ToString(), noDelay, keepAlive));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"HTTP/1.1 200 OK\r\nContent-Length: {_name.Length}\r\nConnection: close\r\n\r\n{_name}"));
        connection.Socket.Shutdown(SocketShutdown.Both);
    }

    internal sealed record Visit(ConnectionLabels Labels, string Received, bool NoDelay, bool KeepAlive);
}
