// SPDX-License-Identifier: BSD-2-Clause
using Grpc.Core;

namespace Flower.Switchboard.Sessions;

/// <summary>A refusal whose words are those of targets, or name them: who may not list them is not told the words.</summary>
/// <param name="status">The status.</param>
/// <param name="trailers">Its trailers.</param>
/// <param name="named">The targets.</param>
internal sealed class TargetRefusal(Status status, Grpc.Core.Metadata trailers, IReadOnlyList<Target> named)
    : RpcException(status, trailers)
{
    /// <summary>The targets.</summary>
    public IReadOnlyList<Target> Named { get; } = named;
}
