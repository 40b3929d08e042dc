// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics.CodeAnalysis;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Grpc.Core;
using RpcStatus = Grpc.Core.Status;

namespace Flower.Rpc.Server;

/// <summary>One open call: the request reader and the response writer of its handler.</summary>
internal sealed partial class ServerCall<TRequest, TResponse>(
    ServerSession session,
    uint callId,
    Start start,
    Method<TRequest, TResponse> method,
    Func<ServerCall<TRequest, TResponse>, ServerCallContext, Task> handler)
    : ServerCall(session, callId, start), IHeardStream<TRequest>, ICreditedStream<TResponse>
    where TRequest : class
    where TResponse : class
{
    // What a session keeps of what it was asked is small.
    private const int MaxKeptRequest = 256;

    // What has come and was not asked for: the first, and mostly the only one, without a queue.
    private TRequest? _next;
    private Queue<TRequest>? _received;

    // What waits for credit, the first one first, with who waits for it to be written; null: another process left it.
    private LinkedList<(TResponse Message, TaskCompletionSource? Written)>? _waiting;
    private TaskCompletionSource? _leftSent;
    private TaskCompletionSource<bool>? _reader;
    private TRequest? _current;
    private TRequest? _single;
    private uint _granted = TakesOne(method) ? 1u : PacketLimits.InitialCredit;
    private bool _halfClosed;

    public TRequest Current => _current ?? throw new InvalidOperationException("MoveNext comes first");

    public WriteOptions? WriteOptions { get; set; }

    // Whoever waits for credit is before any other: there is none then.
    public bool CanWrite => Credit > 0 && !HasEnded;

    internal override void Run()
    {
        try
        {
            Task handled = handler(this, Context);
            if (handled.IsCompletedSuccessfully)
            {
                OnHandled();
            }
            else
            {
                RunOn(handled);
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    public Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (TryTake(out _current))
        {
            Regrant();
            return Task.FromResult(true);
        }

        // What was read is not kept while nothing comes.
        _current = null;
        if (HasEnded)
        {
            return Task.FromCanceled<bool>(new CancellationToken(true));
        }

        if (_halfClosed)
        {
            return Task.FromResult(false);
        }

        _reader = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _reader.Task;
    }

    /// <summary>The one request of a unary call.</summary>
    internal async ValueTask<TRequest> ReadSingleAsync()
    {
        if (!await MoveNext(CancellationToken.None).ConfigureAwait(true))
        {
            throw new RpcException(new RpcStatus(StatusCode.InvalidArgument, "the call has no request message"));
        }

        _single = Current;
        return Current;
    }

    /// <summary>Has the one request of a unary call answered.</summary>
    internal Task ReplyAsync(UnaryServerMethod<TRequest, TResponse> answer, ServerCallContext context)
    {
        // Mostly the request has come along, and whoever answers it does so at once, or later by another way.
        if (!TryTake(out _single))
        {
            return ReplyOnceAskedAsync(answer, context);
        }

        Task<TResponse> answered = answer(_single, context);
        if (!answered.IsCompletedSuccessfully)
        {
            return ReplyAsync(answered);
        }

        Reply(answered.Result);
        return Task.CompletedTask;
    }

    /// <summary>The one response of a unary call; needs no credit.</summary>
    internal void Reply(TResponse response)
    {
        if (!Context.IsAnsweredLater)
        {
            Send(response);
        }
    }

    internal override void Answer(object response)
    {
        Late = null;
        try
        {
            Send((TResponse)response);
            End(Context.Status, Context.Trailers);
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    public void Write(TResponse message)
    {
        if (!CanWrite)
        {
            throw new InvalidOperationException("the caller takes no response now");
        }

        UseCredit();
        Send(message);
    }

    public Task WriteAsync(TResponse message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(TResponse message, CancellationToken cancellationToken)
    {
        if (CanWrite)
        {
            Write(message);
            return;
        }

        if (!HasEnded)
        {
            var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            LinkedListNode<(TResponse, TaskCompletionSource?)> node = (_waiting ??= new()).AddLast((message, written));
            await written.DoneOrCancelledAsync(cancellationToken).ConfigureAwait(true);
            if (node.List is null)
            {
                return;
            }

            _waiting.Remove(node);
        }

        MessageCodec.CloseDescriptors(message);
        throw cancellationToken.IsCancellationRequested
            ? new OperationCanceledException(cancellationToken)
            : new OperationCanceledException("the call has ended");
    }

    internal override void OnMessage(ReadOnlyMemory<byte> bytes, List<Descriptor>? descriptors)
    {
        TRequest request = Read(bytes, descriptors);
        if (_halfClosed || _granted == 0)
        {
            MessageCodec.CloseDescriptors(request);
            throw new PacketException(_halfClosed ? "a message after the half-close" : "more messages than were granted");
        }

        _granted--;
        if (_reader is not null)
        {
            _current = request;
            Regrant();
            Wake(true);
        }
        else if (_isHeard)
        {
            Hear(request);
        }
        else
        {
            Put(request);
        }
    }

    internal override void OnHalfClose()
    {
        bool isFirst = !_halfClosed;
        _halfClosed = true;
        if (_isHeard && isFirst)
        {
            HearEnd();
        }

        Wake(false);
    }

    internal override CallState Save(DescriptorTable descriptors)
    {
        CallState state = base.Save(descriptors);
        state.Granted = _granted;
        state.HalfClosed = _halfClosed;
        state.Checkpoint = _listener?.Save(descriptors) ?? Late?.Save(descriptors) ?? state.Checkpoint;
        if (_single is not null)
        {
            // The handler is called with its request again. Of that, what it has given away by now is missing.
            state.Received.Add(MessageCodec.Save(_single, method.RequestMarshaller, descriptors));
        }

        IEnumerable<TRequest> received = (_next is null ? [] : (TRequest[])[_next]).Concat(_received ?? []);
        state.Received.AddRange(received.Select(m => MessageCodec.Save(m, method.RequestMarshaller, descriptors)));
        state.Unsent.AddRange(
            (_waiting ?? []).Select(w => MessageCodec.Save(w.Message, method.ResponseMarshaller, descriptors)));
        return state;
    }

    internal override void Restore(CallState state, DescriptorTable descriptors)
    {
        base.Restore(state, descriptors);
        _granted = state.Granted;
        _halfClosed = state.HalfClosed;
        foreach (PacketState request in state.Received)
        {
            Put(MessageCodec.Restore(request, method.RequestMarshaller, descriptors));
        }

        foreach (PacketState response in state.Unsent)
        {
            (_waiting ??= new()).AddLast((MessageCodec.Restore(response, method.ResponseMarshaller, descriptors), null));
        }
    }

    // Here, and not by those who wait: whoever came after them would be first.
    private protected override void OnWritable()
    {
        while (Credit > 0 && _waiting?.First is LinkedListNode<(TResponse Message, TaskCompletionSource? Written)> first)
        {
            _waiting.RemoveFirst();
            UseCredit();
            try
            {
                Send(first.Value.Message);
                first.Value.Written?.TrySetResult();
            }
            catch (Exception e) when (first.Value.Written is { } written)
            {
                // It is too large, for one: the handler's to know.
                written.TrySetException(e);
            }
        }

        _leftSent?.TrySetResult();
    }

    private protected override void OnEnded()
    {
        while (TryTake(out TRequest? request))
        {
            MessageCodec.CloseDescriptors(request);
        }

        foreach ((TResponse message, TaskCompletionSource? written) in _waiting ?? [])
        {
            if (written is null)
            {
                MessageCodec.CloseDescriptors(message);
            }

            written?.TrySetResult();
        }

        TaskCompletionSource<bool>? reader = _reader;
        _reader = null;
        reader?.SetCanceled(Token);
        _leftSent?.TrySetResult();
        if (_listener is not null)
        {
            // Later in this turn: whoever ends many calls is not through with them yet.
            Session.Loop.Post(static state => ((ICallListener)state!).OnEnded(), _listener);
        }
    }

    internal override void Fail(Exception fault)
    {
        Late = null;
        switch (fault)
        {
            case RpcException refusal:
                End(refusal.Status, refusal.Trailers);
                break;
            case OperationCanceledException when HasEnded:
                // The call ended under its handler, which gave up as it should.
                break;
            case OutOfMemoryException:
                RpcLog.CallFaulted(Session.Logger, method.FullName, fault);
                End(new RpcStatus(
                    StatusCode.ResourceExhausted, "the switchboard is short of memory: raise its limit"));
                break;
            default:
                RpcLog.CallFaulted(Session.Logger, method.FullName, fault);
                End(new RpcStatus(StatusCode.Internal, "the switchboard failed; its log says how"));
                break;
        }
    }

    private async void RunOn(Task handled)
    {
        try
        {
            await handled.ConfigureAwait(true);
            OnHandled();
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private void OnHandled()
    {
        if (Context.IsAnsweredLater)
        {
            return;
        }

        if (_listener is not null)
        {
            HearReceived();
        }
        else
        {
            EndOnceSent();
        }
    }

    private async Task ReplyOnceAskedAsync(UnaryServerMethod<TRequest, TResponse> answer, ServerCallContext context)
    {
        TRequest request = await ReadSingleAsync().ConfigureAwait(true);
        Reply(await answer(request, context).ConfigureAwait(true));
    }

    private async Task ReplyAsync(Task<TResponse> answered) => Reply(await answered.ConfigureAwait(true));

    // What another process left to be sent has no handler here that waits for it.
    private bool HasLeft => !HasEnded && _waiting?.First?.Value is { Written: null };

    private void EndOnceSent()
    {
        if (HasLeft)
        {
            SendLeft();
        }
        else
        {
            End(Context.Status, Context.Trailers);
        }
    }

    private async void SendLeft()
    {
        try
        {
            while (HasLeft)
            {
                _leftSent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await _leftSent.Task.ConfigureAwait(true);
            }

            End(Context.Status, Context.Trailers);
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    // Who calls mostly asks for what he asked last: that is not decoded again. Nobody changes it.
    private TRequest Read(ReadOnlyMemory<byte> bytes, List<Descriptor>? descriptors)
    {
        if (method.Type != MethodType.Unary || descriptors is not null || bytes.Length > MaxKeptRequest)
        {
            return MessageCodec.Decode(bytes, descriptors, method.RequestMarshaller);
        }

        if (Session.LastRequest is not (var last, TRequest request) || !bytes.Span.SequenceEqual(last))
        {
            request = MessageCodec.Decode(bytes, descriptors, method.RequestMarshaller);
            Session.LastRequest = (bytes.ToArray(), request);
        }

        return request;
    }

    private void Put(TRequest request)
    {
        if (_next is null && _received is null or { Count: 0 })
        {
            _next = request;
        }
        else
        {
            (_received ??= new()).Enqueue(request);
        }
    }

    private bool TryTake([NotNullWhen(true)] out TRequest? request)
    {
        request = _next;
        _next = null;
        return request is not null || (_received is not null && _received.TryDequeue(out request));
    }

    private void Wake(bool hasMessage)
    {
        TaskCompletionSource<bool>? reader = _reader;
        _reader = null;
        reader?.SetResult(hasMessage);
    }

    private static bool TakesOne(Method<TRequest, TResponse> method) =>
        method.Type is MethodType.Unary or MethodType.ServerStreaming;

    // Grants are sent by the half, so that a stream costs one credit frame in sixteen messages.
    private void Regrant()
    {
        if (TakesOne(method))
        {
            return;
        }

        uint waiting = (_next is null ? 0u : 1u) + (uint)(_received?.Count ?? 0);
        uint used = PacketLimits.InitialCredit - _granted - waiting;
        if (used >= PacketLimits.InitialCredit / 2 && !_halfClosed)
        {
            _granted += used;
            Session.Send(new Frame { CallId = CallId, Credit = new Credit { Messages = used } });
        }
    }

    private void Send(TResponse message)
    {
        if (HasEnded)
        {
            MessageCodec.CloseDescriptors(message);
            return;
        }

        Session.Send(MessageCodec.Encode(CallId, message, method.ResponseMarshaller));
    }
}
