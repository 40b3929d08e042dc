// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Google.Protobuf;
using Grpc.Core;
using RpcStatus = Grpc.Core.Status;

namespace Flower.Rpc.Server;

/// <summary>
/// One open call of a session, without its types. On the loop. Ends exactly once, by <see cref="End"/>: whatever comes
/// later, from the peer or from the handler, is dropped and its descriptors are closed.
/// </summary>
internal abstract class ServerCall
{
    private const int MaxLongMessage = 8192;
    private const int NearlyMs = 20;

    private readonly IDisposable? _deadlineTimer;

    // Made for the first who asks.
    private CancellationTokenSource? _cancellation;

    // By the clock of the loop, which nobody sets: milliseconds.
    private readonly long _dueAt;
    private bool _isKept;

    private protected ServerCall(ServerSession session, uint callId, Start start)
    {
        Session = session;
        CallId = callId;
        Sequence = ++session.Server.LastCall;
        Start = start;
        Credit = start.Credit == 0 ? PacketLimits.InitialCredit : start.Credit;
        Context = new SessionCallContext(this);
        if (start.TimeoutUs > 0)
        {
            var timeout = TimeSpan.FromMicroseconds(Math.Min(start.TimeoutUs, 1e14));
            // For handlers, as gRPC has it. The time of day may jump, so nothing here goes by it.
            Deadline = DateTime.UtcNow + timeout;
            _dueAt = session.Loop.Now + (long)Math.Ceiling(timeout.TotalMilliseconds);
            _deadlineTimer = session.Loop.After(
                timeout, () => End(new RpcStatus(StatusCode.DeadlineExceeded, "the call's deadline has passed")));
        }
    }

    internal ServerSession Session { get; }

    internal uint CallId { get; }

    /// <summary>Its place among all calls of the server, and of those that were this server before.</summary>
    internal ulong Sequence { get; private set; }

    internal SessionCallContext Context { get; }

    internal DateTime Deadline { get; } = DateTime.MaxValue;

    /// <summary>
    /// Whether its time has passed, or so nearly that a caller who gives up does so for that reason: his clock began earlier.
    /// </summary>
    internal bool IsPastDeadline => _deadlineTimer is not null && Session.Loop.Now >= _dueAt - NearlyMs;

    /// <summary>Cancelled when the call has ended.</summary>
    internal CancellationToken Token => HasEnded ? new(true) : (_cancellation ??= new()).Token;

    /// <summary>How it began. Calls may share it: it is not changed.</summary>
    internal Start Start { get; }

    internal bool HasEnded { get; private set; }

    /// <summary>It has brought a message.</summary>
    internal bool WasAsked { get; set; }

    /// <summary>What its session counts for it.</summary>
    internal int HeldBytes { get; set; }

    /// <summary>Who will answer, the handler having returned; null: the handler does, or it was answered.</summary>
    private protected ILateAnswer? Late { get; set; }

    /// <summary>Response messages that the caller takes.</summary>
    private protected uint Credit { get; private set; }

    internal abstract void Run();

    /// <summary>The answer comes later.</summary>
    internal void AnswerLater(ILateAnswer answer)
    {
        Late = answer;
        if (HasEnded)
        {
            TellLate();
        }
    }

    /// <summary>Here is the answer that comes later. Takes its descriptors.</summary>
    internal abstract void Answer(object response);

    /// <summary>What a handler let through.</summary>
    internal abstract void Fail(Exception fault);

    /// <summary>A message from the caller, of whose bytes nothing is kept. Takes the descriptors.</summary>
    internal abstract void OnMessage(ReadOnlyMemory<byte> bytes, List<Descriptor>? descriptors);

    internal abstract void OnHalfClose();

    internal void OnCredit(uint messages)
    {
        if (messages is 0 or > 65535)
        {
            throw new PacketException("credit of 0 or of more than 65,535 messages");
        }

        Credit = messages > uint.MaxValue - Credit ? uint.MaxValue : Credit + messages;
        OnWritable();
    }

    /// <summary>The call as another process can go on with it. Changes nothing; the descriptors are duplicates.</summary>
    internal virtual CallState Save(DescriptorTable descriptors)
    {
        Start start = Start.Clone();
        if (start.TimeoutUs > 0)
        {
            start.TimeoutUs = (ulong)Math.Max(1, (_dueAt - Session.Loop.Now) * 1000);
        }

        return new CallState
        {
            CallId = CallId,
            Start = start,
            Credit = Credit,
            Checkpoint = Context.Checkpoint?.Invoke(descriptors) ?? ByteString.Empty,
            Sequence = Sequence,
        };
    }

    /// <summary>Takes over where another process was. Comes before Run.</summary>
    internal virtual void Restore(CallState state, DescriptorTable descriptors)
    {
        Credit = state.Credit;
        Sequence = state.Sequence;
        Session.Server.LastCall = Math.Max(Session.Server.LastCall, Sequence);
        Context.IsRestored = true;
        Context.Resumed = state.Checkpoint.IsEmpty ? null : new CallCheckpoint(state.Checkpoint, descriptors);
    }

    /// <summary>Keeps the call across a crash.</summary>
    internal void Keep(ByteString checkpoint)
    {
        _isKept = true;
        Session.Keep(new CallState
        {
            CallId = CallId,
            Start = Start,
            Credit = Start.Credit == 0 ? PacketLimits.InitialCredit : Start.Credit,
            Granted = PacketLimits.InitialCredit,
            Checkpoint = checkpoint,
        });
    }

    internal void OnCancel() => End(new RpcStatus(StatusCode.Cancelled, "the caller gave up"));

    /// <summary>Sends the status, unless the session is gone, and forgets the call.</summary>
    internal void End(RpcStatus status, Grpc.Core.Metadata? trailers = null)
    {
        if (HasEnded)
        {
            return;
        }

        HasEnded = true;
        _deadlineTimer?.Dispose();
        Session.Forget(this);
        if (_isKept)
        {
            Session.LetGo(CallId);
        }

        Say(status, trailers);
        // The handler may be waiting for its caller or for a timer; either wait ends now.
        _cancellation?.Cancel();
        OnEnded();
        TellLate();
        _cancellation?.Dispose();
    }

    // Later in this turn: whoever ends many calls is not through with them yet.
    private void TellLate()
    {
        if (Late is not null)
        {
            Session.Loop.Post(static state => ((ILateAnswer)state!).OnEnded(), Late);
            Late = null;
        }
    }

    private void Say(RpcStatus status, Grpc.Core.Metadata? trailers)
    {
        if (status.StatusCode == StatusCode.OK && string.IsNullOrEmpty(status.Detail) && trailers is null or { Count: 0 })
        {
            Session.Send(OutgoingFrame.Ok(CallId));
            return;
        }

        var answer = new Protocol.V1.Status { Code = (uint)status.StatusCode, Message = status.Detail ?? "" };
        MetadataCodec.Write(trailers, answer.Trailers);
        if (answer.CalculateSize() > PacketWriter.MaxMessageBytes)
        {
            // The caller would have to end its session over a packet that is too large; the code matters most.
            answer.Trailers.Clear();
            answer.Message = answer.Message[..Math.Min(answer.Message.Length, MaxLongMessage)];
        }

        Session.Send(new Frame { CallId = CallId, Status = answer });
    }

    private protected abstract void OnWritable();

    private protected abstract void OnEnded();

    private protected void UseCredit() => Credit--;
}
