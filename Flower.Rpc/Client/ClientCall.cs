// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Core;
using RpcStatus = Grpc.Core.Status;

namespace Flower.Rpc;

/// <summary>One call of a <see cref="SessionChannel"/>, without its types. For any thread.</summary>
internal abstract class ClientCall(SessionChannel channel)
{
    // A Timer takes less than 2^32 ms.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    // Beyond that there is none.
    private static readonly TimeSpan LongestDeadline = TimeSpan.FromDays(365);

    private CancellationTokenRegistration _cancellation;
    private Timer? _deadline;
    private RpcStatus _status;
    private Grpc.Core.Metadata? _trailers;

    // Set after how it ended, and read before that.
    private volatile bool _hasEnded;
    private int _epoch;

    internal uint CallId { get; set; }

    private protected SessionChannel Channel { get; } = channel;

    /// <summary>For a step that several threads may take; nothing else is done under it.</summary>
    private protected Lock Gate { get; } = new();

    internal RpcStatus Status => _hasEnded ? _status : throw new InvalidOperationException("the call has not ended yet");

    internal Grpc.Core.Metadata Trailers =>
        _hasEnded ? _trailers ??= [] : throw new InvalidOperationException("the call has not ended yet");

    internal bool HasEnded => _hasEnded;

    /// <summary>
    /// A message from the switchboard, on the loop, of whose bytes nothing is kept. Takes the descriptors, of which this process
    /// may have lost some.
    /// </summary>
    internal abstract void OnMessage(ReadOnlyMemory<byte> bytes, List<Descriptor>? descriptors, bool lost);

    internal abstract void OnCredit(uint messages);

    /// <summary>The only request; null: requests are a stream. The caller takes the descriptors.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: it does not fit into a packet.</exception>
    internal abstract OutgoingFrame? EncodeRequest();

    /// <summary>Whether it is a call of a kind that may survive a restart of the switchboard.</summary>
    internal abstract bool MaySurvive { get; }

    /// <summary>Whether this call survives a restart. Asked under the channel's gate.</summary>
    internal virtual bool Survives => false;

    /// <summary>How many restarts it has survived. Changed under the channel's gate.</summary>
    internal int Epoch => Volatile.Read(ref _epoch);

    /// <summary>The switchboard was restarted: what was said before is void. Under the channel's gate.</summary>
    internal virtual void BeginEpoch() => Volatile.Write(ref _epoch, _epoch + 1);

    /// <summary>Tells those who write and read, after <see cref="BeginEpoch"/>, on the loop.</summary>
    internal virtual void TellRestart()
    {
    }

    /// <summary>Sends the first frames and watches deadline and cancellation.</summary>
    internal void Begin(string method, CallOptions options)
    {
        var start = new Start { Method = method, Credit = StreamCredit };
        TimeSpan? timeout = options.Deadline is DateTime deadline ? deadline - DateTime.UtcNow : null;
        if (timeout < LongestDeadline)
        {
            start.TimeoutUs = (ulong)Math.Max(1, timeout.Value.TotalMicroseconds);
        }

        MetadataCodec.Write(options.Headers, start.Metadata);
        Channel.Begin(this, start);

        // From here on, since only what was begun can be given up. The switchboard keeps the time too; this one counts when it
        // does not answer.
        if (timeout <= LongestTimer)
        {
            _deadline = new Timer(
                _ => GiveUp(new RpcStatus(StatusCode.DeadlineExceeded, "the call's deadline has passed")),
                null,
                timeout > TimeSpan.Zero ? timeout.Value + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero,
                Timeout.InfiniteTimeSpan);
        }

        _cancellation = options.CancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), this);

        // Either whoever ends the call sees these, or here is seen that it has ended.
        Interlocked.MemoryBarrier();
        if (HasEnded)
        {
            StopWatching();
        }
    }

    /// <summary>Gives the call up.</summary>
    internal void Cancel() => GiveUp(new RpcStatus(StatusCode.Cancelled, "the call was cancelled"));

    /// <summary>Ends the call once; later ends do not count.</summary>
    internal bool Finish(RpcStatus status, Grpc.Core.Metadata? trailers = null)
    {
        lock (Gate)
        {
            if (_hasEnded)
            {
                return false;
            }

            _trailers = trailers;
            _status = status;
            _hasEnded = true;
        }

        Channel.Forget(this);
        StopWatching();
        OnFinished();
        return true;
    }

    /// <summary>The responses of a stream that are taken before more are granted; 0: as the protocol has it.</summary>
    private protected abstract uint StreamCredit { get; }

    private protected abstract void OnFinished();

    private protected void GiveUp(RpcStatus status)
    {
        if (Finish(status))
        {
            Channel.Send(new Frame { CallId = CallId, Cancel = new Cancel() });
        }
    }

    private void StopWatching()
    {
        _deadline?.Dispose();
        _cancellation.Unregister();
    }
}
