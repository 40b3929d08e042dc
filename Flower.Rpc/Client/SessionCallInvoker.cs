// SPDX-License-Identifier: BSD-2-Clause
using Grpc.Core;

namespace Flower.Rpc;

/// <summary>What generated stubs call: every kind of gRPC call as a <see cref="ClientCall{TRequest, TResponse}"/>.</summary>
/// <param name="channel">The session.</param>
/// <param name="inline">Whether calls go on on the loop itself.</param>
/// <param name="credit">How many responses of a stream are taken before more are granted; 0: as the protocol has it.</param>
internal sealed class SessionCallInvoker(SessionChannel channel, bool inline, uint credit = 0) : CallInvoker
{
    private static readonly Task<Metadata> NoHeaders = Task.FromResult<Metadata>([]);

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        new ClientCall<TRequest, TResponse>(channel, method, inline, credit).Begin(options, request).Single.GetAwaiter().GetResult();

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        ClientCall<TRequest, TResponse> call =
            new ClientCall<TRequest, TResponse>(channel, method, inline, credit).Begin(options, request);
        return new(
            call.Single,
            static _ => NoHeaders,
            static call => ((ClientCall)call).Status,
            static call => ((ClientCall)call).Trailers,
            static call => ((ClientCall<TRequest, TResponse>)call).Dispose(),
            call);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        ClientCall<TRequest, TResponse> call =
            new ClientCall<TRequest, TResponse>(channel, method, inline, credit).Begin(options, request);
        return new(call, NoHeaders, () => call.Status, () => call.Trailers, call.Dispose);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        ClientCall<TRequest, TResponse> call = new ClientCall<TRequest, TResponse>(channel, method, inline, credit).Begin(options);
        return new(call, call.Single, NoHeaders, () => call.Status, () => call.Trailers, call.Dispose);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        ClientCall<TRequest, TResponse> call = new ClientCall<TRequest, TResponse>(channel, method, inline, credit).Begin(options);
        return new(call, call, NoHeaders, () => call.Status, () => call.Trailers, call.Dispose);
    }
}
