// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.Relay;

/// <summary>
/// Relays between pairs of stream sockets, any number at once, on a few threads of its own. Half-closes are passed on,
/// and a side that does not read holds up the side that sends to it and nobody else. For any thread.
/// </summary>
public sealed class Relays : IDisposable
{
    /// <summary>Relays that go on.</summary>
    public int Count => throw new NotSupportedException();

    /// <summary>
    /// Relays between two connected stream sockets, which it owns from here on and makes non-blocking: nobody else may
    /// use them.
    /// </summary>
    /// <returns>
    /// Completes when both directions have ended, or one has failed, which ends the other; cancelled, with both sockets
    /// closed, when the token is.
    /// </returns>
    public Task<RelayedBytes> RunAsync(Descriptor one, Descriptor other, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>Ends what still goes on, and the threads.</summary>
    public void Dispose() => throw new NotSupportedException();
}
