// SPDX-License-Identifier: BSD-2-Clause
using Grpc.Core;

namespace Flower.Rpc.Server;

/// <summary>
/// The methods that a server answers, by their full name. Not what <c>Service.BindService</c> of generated code takes: that calls generic
/// virtual methods, for each of which a program that was compiled ahead of time makes types as it runs, half a millisecond a method.
/// </summary>
public sealed class MethodTable
{
    private readonly Dictionary<string, Func<ServerSession, uint, Protocol.V1.Start, ServerCall>> _methods =
        new(StringComparer.Ordinal);

    // Nobody counts what is kept here.
    private const int MaxShared = 128;

    /// <summary>Adds a unary method.</summary>
    /// <exception cref="ArgumentException">One of that name is there.</exception>
    public void Add<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class =>
        Add<TRequest, TResponse>(method, (call, context) => call.ReplyAsync(handler, context));

    /// <inheritdoc cref="Add{TRequest, TResponse}(Method{TRequest, TResponse}, UnaryServerMethod{TRequest, TResponse})"/>
    /// <summary>Adds a method that answers by a stream.</summary>
    public void Add<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class =>
        Add<TRequest, TResponse>(method, async (call, context) =>
        {
            TRequest request = await call.ReadSingleAsync().ConfigureAwait(true);
            await handler(request, call, context).ConfigureAwait(true);
        });

    /// <inheritdoc cref="Add{TRequest, TResponse}(Method{TRequest, TResponse}, UnaryServerMethod{TRequest, TResponse})"/>
    /// <summary>Adds a method of two streams.</summary>
    public void Add<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class =>
        Add<TRequest, TResponse>(method, (call, context) => handler(call, call, context));

    /// <summary>The full names of the methods.</summary>
    internal IReadOnlyCollection<string> Names => _methods.Keys;

    /// <summary>Makes the call object for a method, or returns null when nobody has bound it.</summary>
    internal ServerCall? Create(ServerSession session, uint callId, Protocol.V1.Start start) =>
        _methods.TryGetValue(start.Method, out Func<ServerSession, uint, Protocol.V1.Start, ServerCall>? create)
            ? create(session, callId, start)
            : null;

    private void Add<TRequest, TResponse>(
        Method<TRequest, TResponse> method, Func<ServerCall<TRequest, TResponse>, ServerCallContext, Task> handler)
        where TRequest : class
        where TResponse : class
    {
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
