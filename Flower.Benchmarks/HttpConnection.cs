// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Benchmarks;

/// <summary>
/// One connection of <see cref="HttpRole"/>. On the loop: it reads when there is something to read, and its answers fit into any
/// send buffer. Owns the socket, and closes it at the end.
/// </summary>
internal sealed class HttpConnection
{
    private const int MaxRequestBytes = 8192;

    private readonly Descriptor _socket;
    private readonly EventLoop.Watch _watch;
    private readonly byte[] _buffer = new byte[MaxRequestBytes];
    private int _filled;

    private HttpConnection(EventLoop loop, Descriptor socket)
    {
        _socket = socket;
        _watch = loop.Add(socket, Readiness.Read, OnReady);
    }

    private static ReadOnlySpan<byte> KeepAlive => "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nHello, world!\n"u8;

    private static ReadOnlySpan<byte> LastOne =>
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 14\r\n\r\nHello, world!\n"u8;

    /// <summary>Serves the requests that come on the socket until the last one.</summary>
    public static void Serve(EventLoop loop, Descriptor socket) => _ = new HttpConnection(loop, socket);

    private void OnReady(Readiness ready)
    {
        int count = ConnectedSocket.Receive(_socket, _buffer.AsSpan(_filled));
        if (count <= 0)
        {
            Close();
            return;
        }

        _filled += count;
        ReadOnlySpan<byte> rest = _buffer.AsSpan(0, _filled);
        while (rest.IndexOf("\r\n\r\n"u8) is int end and >= 0)
        {
            // As wrk writes it.
            bool last = rest[..end].IndexOf("Connection: close"u8) >= 0;
            if (ConnectedSocket.Send(_socket, last ? LastOne : KeepAlive) < 0 || last)
            {
                Close();
                return;
            }

            rest = rest[(end + 4)..];
        }

        if (rest.Length == MaxRequestBytes)
        {
            Close();
            return;
        }

        rest.CopyTo(_buffer);
        _filled = rest.Length;
    }

    // The watch first: it names the descriptor. Shut down, since others may hold a copy of a handed-over socket until
    // they have heard that it arrived.
    private void Close()
    {
        _watch.Dispose();
        ConnectedSocket.End(_socket);
        _socket.Dispose();
    }
}
