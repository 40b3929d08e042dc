// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.CommandLine;

/// <summary>
/// The end of a connection that somebody else uses. The switchboard may hold a duplicate of the socket of a revocable one,
/// so that its peer sees no end of the stream by a close: disposing this shuts it down, for all who have it. Of any other
/// connection it holds nothing, and its users alone decide when it ends.
/// </summary>
public sealed class RevocableSocket : IDisposable
{
    private readonly Descriptor? _copy;

    private RevocableSocket(Descriptor? copy) => _copy = copy;

    /// <summary>Holds a copy of the socket, if the connection is revocable.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="socket">Its socket, which stays the caller's.</param>
    /// <exception cref="FlowerSocketException">EMFILE.</exception>
    public static RevocableSocket Of(Connection connection, Descriptor socket)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(socket);
        return new(connection.IsRevocable ? socket.Duplicate() : null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_copy is { IsClosed: false })
        {
            ConnectedSocket.End(_copy);
            _copy.Dispose();
        }
    }
}
