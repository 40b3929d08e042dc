// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Protocol;
using Flower.Rpc.Interop;

namespace Flower.Ingress.Accepting;

/// <summary>
/// A connection that was accepted, and what is known about it so far. Owns its socket, which is blocking, until that is
/// taken; disposing it closes it, which is how a connection is refused. On the loop.
/// </summary>
internal sealed class AcceptedConnection : IDisposable
{
    private Descriptor? _socket;

    /// <param name="socket">The socket, taken over.</param>
    /// <param name="peer">Who connected; null: a Unix socket.</param>
    /// <param name="labels">Its address labels.</param>
    public AcceptedConnection(Descriptor socket, IPEndPoint? peer, LabelSet labels)
    {
        _socket = socket;
        Peer = peer;
        Labels = labels;
    }

    /// <summary>Who connected to the socket itself; null: a Unix peer.</summary>
    public IPEndPoint? Peer { get; }

    /// <summary>Who is behind the peer, where a PROXY header said so.</summary>
    public IPEndPoint? Behind { get; private set; }

    /// <summary>The labels of the connection: of its addresses, then also those of its first bytes.</summary>
    public LabelSet Labels { get; private set; }

    public Descriptor Socket => _socket ?? throw new ObjectDisposedException(nameof(AcceptedConnection));

    /// <summary>The client, for the log. Made only when it is asked for: success is quiet on a busy ingress.</summary>
    public string Client => this switch
    {
        { Behind: { } client, Peer: { } proxy } => $"{client} through {proxy}",
        { Behind: { } client } => $"{client} through a local proxy",
        { Peer: { } client } => client.ToString(),
        _ => Labels["client_pid"] is { } pid ? $"local process {pid}" : "a local client",
    };

    /// <summary>The addresses are those that a proxy stated.</summary>
    public void SetBehind(IPEndPoint client, LabelSet labels)
    {
        Behind = client;
        Labels = labels;
    }

    /// <summary>Adds labels that its first bytes gave; they share no key with those of its addresses.</summary>
    public void Add(LabelSet labels) => Labels = Labels.Merge(labels, out _);

    /// <summary>The socket, which becomes the caller's.</summary>
    public Descriptor TakeSocket()
    {
        Descriptor socket = Socket;
        _socket = null;
        return socket;
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }
}
