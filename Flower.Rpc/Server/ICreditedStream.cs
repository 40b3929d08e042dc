// SPDX-License-Identifier: BSD-2-Clause
using Grpc.Core;

namespace Flower.Rpc.Server;

/// <summary>The responses of a streaming call on the handle door: each handler there is given one. On the loop.</summary>
public interface ICreditedStream<in TResponse> : IServerStreamWriter<TResponse>
{
    /// <summary>The caller takes another response now: <see cref="Write"/> need not wait.</summary>
    bool CanWrite { get; }

    /// <summary>Writes where <see cref="CanWrite"/> says so, and as WriteAsync does.</summary>
    /// <exception cref="InvalidOperationException">The caller takes none now.</exception>
    void Write(TResponse message);
}
