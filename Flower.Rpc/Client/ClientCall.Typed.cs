// SPDX-License-Identifier: BSD-2-Clause
using System.Threading.Channels;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Core;

namespace Flower.Rpc;

/// <summary>
/// One call: the response reader and the request writer of its caller, who goes on on a thread of the pool, or inline on
/// the loop.
/// </summary>
internal sealed partial class ClientCall<TRequest, TResponse>(
    SessionChannel channel, Method<TRequest, TResponse> method, bool inline, uint credit = 0)
    : ClientCall(channel), IAsyncStreamReader<TResponse>, IClientStreamWriter<TRequest>, ISurvivingStream<TRequest>
    where TRequest : class
    where TResponse : class
{
    private const int EverybodyThrough = 1 << 20;

    // A stream of responses; null: there is one. In it, null stands for a restart, between what was sent before and after.
    private readonly Channel<TResponse?>? _responses =
        method.Type is MethodType.ServerStreaming or MethodType.DuplexStreaming
            ? System.Threading.Channels.Channel.CreateUnbounded<TResponse?>(
                new UnboundedChannelOptions { SingleReader = true, AllowSynchronousContinuations = inline })
            : null;

    // The one response; null: it is a stream.
    private readonly TaskCompletionSource<TResponse>? _single =
        method.Type is MethodType.Unary or MethodType.ClientStreaming
            ? new(inline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously)
            : null;

    // For a stream of requests. Of this epoch; that of an earlier one lets everybody through, to find that the epoch is over.
    private SemaphoreSlim? _credit = method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming
        ? new(PacketLimits.InitialCredit)
        : null;

    private SemaphoreSlim? _pastCredit;
    private TRequest? _request;
    private TResponse? _first;
    private volatile bool _survives;
    private volatile bool _isHalfClosed;

    public WriteOptions? WriteOptions { get; set; }

    private protected override uint StreamCredit => _responses is null ? 0 : credit;

    internal override bool MaySurvive => method.Type == MethodType.DuplexStreaming;

    // A caller that has no more to say is about to end the call anyway.
    internal override bool Survives => _survives && !_isHalfClosed && !HasEnded;

    /// <summary>The response of a unary call, or its RpcException.</summary>
    internal Task<TResponse> Single => _single!.Task;

    /// <summary>Begins a call whose requests are a stream.</summary>
    internal ClientCall<TRequest, TResponse> Begin(CallOptions options)
    {
        Begin(method.FullName, options);
        return this;
    }

    /// <summary>Begins a call with its only request.</summary>
    internal ClientCall<TRequest, TResponse> Begin(CallOptions options, TRequest request)
    {
        _request = request;
        Begin(method.FullName, options);
        _request = null;
        // Where the call could not begin, nobody took the request's descriptors.
        MessageCodec.CloseDescriptors(request);
        return this;
    }

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(TRequest message, CancellationToken cancellationToken) =>
        WriteAsync(message, Epoch, cancellationToken);

    public async Task WriteAsync(TRequest message, int epoch, CancellationToken cancellationToken)
    {
        SemaphoreSlim credit = CreditOf(message, epoch);
        try
        {
            await credit.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            MessageCodec.CloseDescriptors(message);
            throw;
        }

        Send(message, epoch);
    }

    public bool TryWrite(TRequest message, int epoch)
    {
        if (!CreditOf(message, epoch).Wait(0))
        {
            return false;
        }

        Send(message, epoch);
        return true;
    }

    public Task CompleteAsync()
    {
        _isHalfClosed = true;
        if (!HasEnded)
        {
            Channel.Send(OutgoingFrame.HalfClose(CallId));
        }

        return Task.CompletedTask;
    }

    internal override OutgoingFrame? EncodeRequest() =>
        _request is null ? null : MessageCodec.Encode(CallId, _request, method.RequestMarshaller);

    void ISurvivingStream<TRequest>.Survive() => _survives = true;

    internal override void BeginEpoch()
    {
        base.BeginEpoch();
        _pastCredit = _credit;
        Volatile.Write(ref _credit, new SemaphoreSlim(PacketLimits.InitialCredit));
    }

    internal override void TellRestart()
    {
        _pastCredit?.Release(EverybodyThrough);
        if (_responses is not null)
        {
            Deliver(_responses, null);
        }
    }

    /// <summary>The caller is done with the call: cancels it if it goes on, closes what was not read.</summary>
    internal void Dispose()
    {
        Cancel();
        // Whoever has ended the call just now may not have come to that.
        _responses?.Writer.TryComplete();
        while (_responses is not null && TryTake(out TResponse? response))
        {
            MessageCodec.CloseDescriptors(response);
        }
    }

    internal override void OnMessage(ReadOnlyMemory<byte> bytes, List<Descriptor>? descriptors, bool lost)
    {
        TResponse response = MessageCodec.Decode(bytes, descriptors, method.ResponseMarshaller, lost);
        if (lost && _responses is null)
        {
            MessageCodec.CloseDescriptors(response);
            GiveUp(new Grpc.Core.Status(
                StatusCode.ResourceExhausted, "no descriptor left to take what was sent: raise ulimit -n"));
            return;
        }

        // The reader of a stream sees a field without a handle, and says what that means for this one message.
        bool taken = _responses is not null
            ? Deliver(_responses, response)
            : !HasEnded && Interlocked.CompareExchange(ref _first, response, null) is null;
        if (taken && _responses is null && HasEnded)
        {
            // Given up by another thread just now, which may have looked before the response was there.
            taken = Interlocked.CompareExchange(ref _first, null, response) != response;
        }

        if (!taken)
        {
            MessageCodec.CloseDescriptors(response);
        }
    }

    internal override void OnCredit(uint messages)
    {
        if (messages is > 0 and <= 65535)
        {
            _credit?.Release((int)messages);
        }
    }

    private protected override void OnFinished()
    {
        EndResponses();
        // Writers that wait for credit find the call ended.
        Volatile.Read(ref _credit)?.Release(EverybodyThrough);
        if (_single is null)
        {
            return;
        }

        TResponse? response = Interlocked.Exchange(ref _first, null);
        if (Status.StatusCode == StatusCode.OK && response is not null)
        {
            _single.TrySetResult(response);
            return;
        }

        if (response is not null)
        {
            MessageCodec.CloseDescriptors(response);
        }

        _single.TrySetException(new RpcException(
            Status.StatusCode == StatusCode.OK
                ? new Grpc.Core.Status(StatusCode.Internal, "the switchboard ended the call without a response")
                : Status,
            Trailers));
        _ = _single.Task.Exception;
    }

    private static RpcException Void() => new(SessionChannel.Restart().ToStatus());

    // In this order: where the epoch is still that of the message, the credit was not a later one's.
    private SemaphoreSlim CreditOf(TRequest message, int epoch)
    {
        SemaphoreSlim credit = Volatile.Read(ref _credit)!;
        ThrowIfOver(message, epoch);
        return credit;
    }

    // With credit.
    private void Send(TRequest message, int epoch)
    {
        ThrowIfOver(message, epoch);
        if (!Channel.TrySend(this, epoch, MessageCodec.Encode(CallId, message, method.RequestMarshaller)))
        {
            throw Void();
        }
    }

    private void ThrowIfOver(TRequest message, int epoch)
    {
        if (Over(epoch) is { } over)
        {
            MessageCodec.CloseDescriptors(message);
            throw over;
        }
    }

    // Why nothing can be written in an epoch any more. As with gRPC: a writer whose call has ended sees how.
    private RpcException? Over(int epoch)
    {
        if (HasEnded)
        {
            return new RpcException(
                Status.StatusCode == StatusCode.OK
                    ? new Grpc.Core.Status(StatusCode.OK, "the call has already ended")
                    : Status,
                Trailers);
        }

        return Epoch == epoch ? null : Void();
    }
}
