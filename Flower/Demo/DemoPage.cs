// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using System.Threading.Channels;
using Flower.Client;
using Flower.Protocol;

namespace Flower.Demo;

/// <summary>A web server of one page that listens on the board. Owns its listener.</summary>
internal sealed class DemoPage(Handle handle) : IAsyncDisposable
{
    /// <summary>The page.</summary>
    public const string Text = "Hello from a server that has no address.\n";

    private static readonly byte[] Response = Encoding.ASCII.GetBytes(
        $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {Text.Length}\r\nConnection: close\r\n\r\n{Text}");

    private readonly Channel<ConnectionLabels> _visitors = Channel.CreateUnbounded<ConnectionLabels>();
    private Listener? _listener;
    private Task _serving = Task.CompletedTask;

    /// <summary>Registers the server and serves until it is disposed.</summary>
    public async Task StartAsync(LabelSet labels, CancellationToken cancellationToken)
    {
        _listener = await handle.ListenAsync(labels, cancellationToken: cancellationToken);
        _serving = ServeAsync(_listener);
    }

    /// <summary>The labels of the next connection that was served.</summary>
    public ValueTask<ConnectionLabels> NextVisitorAsync(CancellationToken cancellationToken) =>
        _visitors.Reader.ReadAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_listener is not null)
        {
            await _listener.DisposeAsync();
        }

        await _serving;
    }

    private async Task ServeAsync(Listener listener)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            await using Connection connection = await incoming.AcceptAsync();
            using Stream stream = connection.GetStream();
            using var reader = new StreamReader(stream, Encoding.ASCII);
            while (!string.IsNullOrEmpty(await reader.ReadLineAsync()))
            {
                // The request's lines; what they ask for does not matter.
            }

            await stream.WriteAsync(Response);
            await _visitors.Writer.WriteAsync(connection.Labels);
        }
    }
}
