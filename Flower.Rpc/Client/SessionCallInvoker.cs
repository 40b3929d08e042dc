// SPDX-License-Identifier: BSD-2-Clause
using Grpc.Core;

namespace Flower.Rpc;

/// <summary>
/// What generated stubs call: every kind of gRPC call over a session. Who calls it by its own type spares the first call of each kind a
/// look for the method, for which a program that was compiled ahead of time makes types as it runs.
/// </summary>
public sealed class SessionCallInvoker : CallInvoker
{
    private static readonly Task<Metadata> NoHeaders = Task.FromResult<Metadata>([]);

    private readonly SessionChannel _channel;
    private readonly bool _inline;
    private readonly uint _credit;

    /// <param name="channel">The session.</param>
    /// <param name="inline">Whether calls go on on the loop itself.</param>
    /// <param name="credit">How many responses of a stream are taken before more are granted; 0: as the protocol has it.</param>
    internal SessionCallInvoker(SessionChannel channel, bool inline, uint credit = 0)
    {
        _channel = channel;
        _inline = inline;
        _credit = credit;
    }

    /// <inheritdoc/>
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        new ClientCall<TRequest, TResponse>(_channel, method, _inline, _credit).Begin(options, request).Single.GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        ClientCall<TRequest, TResponse> call =
            new ClientCall<TRequest, TResponse>(_channel, method, _inline, _credit).Begin(options, request);
        return new(
            call.Single,
            static _ => NoHeaders,
            static call => ((ClientCall)call).Status,
            static call => ((ClientCall)call).Trailers,
            static call => ((ClientCall<TRequest, TResponse>)call).Dispose(),
            call);
    }

    /// <inheritdoc/>
    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        ClientCall<TRequest, TResponse> call =
            new ClientCall<TRequest, TResponse>(_channel, method, _inline, _credit).Begin(options, request);
        return new(call, NoHeaders, () => call.Status, () => call.Trailers, call.Dispose);
    }

    /// <inheritdoc/>
    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        ClientCall<TRequest, TResponse> call = new ClientCall<TRequest, TResponse>(_channel, method, _inline, _credit).Begin(options);
        return new(call, call.Single, NoHeaders, () => call.Status, () => call.Trailers, call.Dispose);
    }

    /// <inheritdoc/>
    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        ClientCall<TRequest, TResponse> call = new ClientCall<TRequest, TResponse>(_channel, method, _inline, _credit).Begin(options);
        return new(call, call, NoHeaders, () => call.Status, () => call.Trailers, call.Dispose);
    }
}
