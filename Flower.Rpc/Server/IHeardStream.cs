// SPDX-License-Identifier: BSD-2-Clause
using Grpc.Core;

namespace Flower.Rpc.Server;

/// <summary>The requests of a streaming call on the handle door: each handler there is given one.</summary>
public interface IHeardStream<TRequest> : IAsyncStreamReader<TRequest>
{
    /// <summary>
    /// The handler reads no more, and returns: the listener hears what comes from then on, until the call ends.
    /// </summary>
    /// <exception cref="OperationCanceledException">The call has ended.</exception>
    void Listen(ICallListener<TRequest> listener);
}
