// SPDX-License-Identifier: BSD-2-Clause
using Grpc.Core;

namespace Flower.Rpc.Server;

/// <summary>The methods of the bound services by their full name.</summary>
internal sealed class MethodTable : ServiceBinderBase
{
    private readonly Dictionary<string, Func<ServerSession, uint, Protocol.V1.Start, ServerCall>> _methods =
        new(StringComparer.Ordinal);

    // Nobody counts what is kept here.
    private const int MaxShared = 128;

    /// <summary>Makes the call object for a method, or returns null when nobody has bound it.</summary>
    internal ServerCall? Create(ServerSession session, uint callId, Protocol.V1.Start start) =>
        _methods.TryGetValue(start.Method, out Func<ServerSession, uint, Protocol.V1.Start, ServerCall>? create)
            ? create(session, callId, start)
            : null;

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
        Add(method, handler is null ? null : (call, context) => call.ReplyAsync(handler, context));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
        Add(method, handler is null ? null : async (call, context) =>
        {
            TRequest request = await call.ReadSingleAsync().ConfigureAwait(true);
            await handler(request, call, context).ConfigureAwait(true);
        });

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
        Add(method, handler is null ? null : async (call, context) =>
            call.Reply(await handler(call, context).ConfigureAwait(true)));

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
        Add(method, handler is null ? null : (call, context) => handler(call, call, context));

    private void Add<TRequest, TResponse>(
        Method<TRequest, TResponse> method, Func<ServerCall<TRequest, TResponse>, ServerCallContext, Task>? handler)
        where TRequest : class
        where TResponse : class
    {
        ArgumentNullException.ThrowIfNull(handler);

        // Most begin like the one before, and share it.
        var last = new Protocol.V1.Start { Method = method.FullName };
        _methods.Add(
            method.FullName,
            (session, id, start) =>
            {
                // One string for all calls.
                start.Method = method.FullName;
                if (last.Equals(start))
                {
                    start = last;
                }
                else if (start.TimeoutUs == 0 && start.CalculateSize() <= MaxShared)
                {
                    last = start;
                }

                return new ServerCall<TRequest, TResponse>(session, id, start, method, handler);
            });
    }
}
