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

    private readonly Lock _gate = new();
    private CancellationTokenRegistration _cancellation;
    private Timer? _deadline;
    private RpcStatus? _status;
    private Grpc.Core.Metadata? _trailers;
    private int _epoch;

    internal uint CallId { get; set; }

    private protected SessionChannel Channel { get; } = channel;

    internal RpcStatus Status => _status ?? throw new InvalidOperationException("the call has not ended yet");

    internal Grpc.Core.Metadata Trailers =>
        _status is null ? throw new InvalidOperationException("the call has not ended yet") : _trailers ??= [];

    internal bool HasEnded => _status is not null;

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
        if (options.Deadline is DateTime deadline
            && deadline - DateTime.UtcNow is TimeSpan timeout && timeout < TimeSpan.FromDays(365))
        {
            start.TimeoutUs = (ulong)Math.Max(1, timeout.TotalMicroseconds);
            // The switchboard keeps the time too; this one counts when it does not answer.
            _deadline = timeout > LongestTimer ? null : new Timer(
                _ => GiveUp(new RpcStatus(StatusCode.DeadlineExceeded, "the call's deadline has passed")),
                null,
                timeout > TimeSpan.Zero ? timeout + TimeSpan.FromMilliseconds(1) : TimeSpan.Zero,
                Timeout.InfiniteTimeSpan);
        }

        MetadataCodec.Write(options.Headers, start.Metadata);
        Channel.Begin(this, start);
        _cancellation = options.CancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(), this);
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
        lock (_gate)
        {
            if (_status is not null)
            {
                return false;
            }

            _trailers = trailers;
            _status = status;
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
