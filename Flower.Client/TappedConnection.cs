// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;

namespace Flower.Client;

/// <summary>
/// A connection whose sides are both connected to the tap, and not to each other: it goes on as long as the tap relays between
/// them. Owns both sockets until they are taken; disposing of it ends the connection.
/// </summary>
public sealed class TappedConnection : IDisposable
{
    private readonly Descriptor _clientSocket;
    private readonly Descriptor _targetSocket;

    private TappedConnection(Protocol.V1.TappedConnection told, Descriptor clientSocket, Descriptor targetSocket)
    {
        _clientSocket = clientSocket;
        _targetSocket = targetSocket;
        Id = told.Id;
        Kind = told.Kind;
        Client = ProcessInfo.From(told.Client);
        Target = ProcessInfo.From(told.Target);
        ClientLabels = new(told.ClientLabels);
        TargetLabels = new(told.TargetLabels);
    }

    /// <summary>Its id, which both sides see as the label flower.connection_id.</summary>
    public ulong Id { get; }

    /// <summary>What was connected.</summary>
    public ConnectionKind Kind { get; }

    /// <summary>Who requested it.</summary>
    public ProcessInfo Client { get; }

    /// <summary>Who registered the target.</summary>
    public ProcessInfo Target { get; }

    /// <summary>The labels with which it was requested, and what is attested of the client.</summary>
    public ConnectionLabels ClientLabels { get; }

    /// <summary>The labels of the target, and what is attested of it.</summary>
    public ConnectionLabels TargetLabels { get; }

    /// <summary>
    /// Both sockets, which become the caller's: that whose other end is the client's, and that whose other end is the
    /// target's.
    /// </summary>
    public (Descriptor Client, Descriptor Target) TakeSockets() => (_clientSocket, _targetSocket);

    /// <inheritdoc/>
    public void Dispose()
    {
        _clientSocket.Dispose();
        _targetSocket.Dispose();
    }

    /// <summary>Takes over what came; null: no descriptor was left for one of its sockets, and it has ended.</summary>
    internal static TappedConnection? From(Protocol.V1.TappedConnection told)
    {
        var clientSocket = told.ClientSocket?.Handle as Descriptor;
        var targetSocket = told.TargetSocket?.Handle as Descriptor;
        if (clientSocket is not null && targetSocket is not null)
        {
            return new(told, clientSocket, targetSocket);
        }

        clientSocket?.Dispose();
        targetSocket?.Dispose();
        return null;
    }
}
