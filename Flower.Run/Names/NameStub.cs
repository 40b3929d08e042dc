// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;

namespace Flower.Run.Names;

/// <summary>
/// The name server of a box, over UDP and TCP. What it is asked it answers at once (<see cref="DnsMessage"/>): nothing is
/// queued here, what is too fast stays in the kernel, or is dropped there. No peer, whatever it sends or does not read,
/// ends it or holds up another.
/// </summary>
/// <param name="names">Where names get their addresses.</param>
/// <param name="datagrams">UDP sockets, each bound to the address that it answers from; owned.</param>
/// <param name="listeners">TCP sockets that listen; owned.</param>
/// <param name="idleLimit">How long a TCP peer may take to ask its next question and to read its answer. Default: 10 s.
/// </param>
internal sealed class NameStub(
    SyntheticNames names, IReadOnlyList<Socket> datagrams, IReadOnlyList<Socket> listeners, TimeSpan? idleLimit = null)
{
    private static readonly TimeSpan DefaultIdleLimit = TimeSpan.FromSeconds(10);

    /// <summary>How many TCP connections there are at most, over all listeners.</summary>
    public const int MaxConnections = 64;

    // What goes wrong without a peer, as too many open files, is tried again after a while.
    internal static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Answers until it is cancelled; then all sockets are closed. To be called once. What fails of itself, as a socket
    /// that somebody else closed, ends all, and is thrown.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var connections = new NameConnections(names, MaxConnections, idleLimit ?? DefaultIdleLimit, stop.Token);
        try
        {
            Task[] loops =
            [
                .. datagrams.Select(socket => Task.Run(() => AnswerAsync(socket, stop.Token), CancellationToken.None)),
                .. listeners.Select(socket => Task.Run(() => connections.AcceptAsync(socket), CancellationToken.None)),
            ];
            await Task.WhenAny(loops);
            await stop.CancelAsync();
            await Task.WhenAll(loops);
        }
        finally
        {
            // No connection is added any more: what accepts them has ended.
            await connections.EndAsync();
            foreach (Socket socket in datagrams.Concat(listeners))
            {
                socket.Dispose();
            }
        }
    }

    private async Task AnswerAsync(Socket socket, CancellationToken cancellation)
    {
        // What does not fit is cut off, and then malformed.
        byte[] message = new byte[DnsMessage.MaxDatagramBytes];
        byte[] answer = new byte[DnsMessage.MaxAnswerBytes];
        var peer = new SocketAddress(socket.AddressFamily);
        try
        {
            while (true)
            {
                int received = await ReceiveAsync(socket, message, peer, cancellation);
                int length = DnsMessage.Answer(message.AsSpan(0, received), names, answer);
                if (length > 0)
                {
                    await SendAsync(socket, answer.AsMemory(0, length), peer, cancellation);
                }

                // A call that need not wait goes on at once: a flood would keep a thread of the pool for itself.
                await Task.Yield();
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The loop has no other end.
        }
    }

    private static async ValueTask<int> ReceiveAsync(
        Socket socket, Memory<byte> message, SocketAddress peer, CancellationToken cancellation)
    {
        try
        {
            return await socket.ReceiveFromAsync(message, SocketFlags.None, peer, cancellation);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
        {
            // An earlier answer met nobody.
            return 0;
        }
        catch (SocketException)
        {
            await Task.Delay(Pause, cancellation);
            return 0;
        }
    }

    private static async ValueTask SendAsync(
        Socket socket, ReadOnlyMemory<byte> answer, SocketAddress peer, CancellationToken cancellation)
    {
        try
        {
            await socket.SendToAsync(answer, SocketFlags.None, peer, cancellation);
        }
        catch (SocketException)
        {
            // The one who asked has no answer, and asks again.
        }
    }
}
