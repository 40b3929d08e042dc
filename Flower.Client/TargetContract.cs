// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Client;

/// <summary>What the streams of servers and of egresses have in common, in the words of each.</summary>
/// <param name="Open">Begins the call.</param>
/// <param name="Start">Wraps the first request.</param>
/// <param name="Answer">Wraps an answer.</param>
/// <param name="Update">Wraps what it says of itself; null: a resolver says nothing.</param>
/// <param name="Started">Unwraps the first response; null: it is another.</param>
internal sealed record TargetContract<TRequest, TResponse>(
    Func<Session, AsyncDuplexStreamingCall<TRequest, TResponse>> Open,
    Func<TargetStart, TRequest> Start,
    Func<Answer, TRequest> Answer,
    Func<TargetUpdate, TRequest>? Update,
    Func<TResponse, TargetStarted?> Started)
    where TResponse : class;
