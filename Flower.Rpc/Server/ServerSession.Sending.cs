// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Core;
using RpcStatus = Grpc.Core.Status;

namespace Flower.Rpc.Server;

/// <content>What a session sends, what waits for it, and when it does not read.</content>
internal sealed partial class ServerSession
{
    // Fewer descriptors than these are not worth a look at whether the peer has taken them.
    private const int FewDescriptors = 16;

    private static readonly TimeSpan SendRetry = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RestTime = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    // How many descriptors each flush sent, of those that the peer may not have taken.
    private readonly Queue<int> _sentDescriptors = new();
    private int _descriptorsInFlight;
    private long _toldBytes;
    private int _toldDescriptors;
    private bool _isBlocked;
    private bool _resting;
    private bool _willLook;

    /// <summary>Sent when this turn of the loop ends, together with what else there is.</summary>
    internal void Send(Frame frame)
    {
        if (!_stopped)
        {
            _writer.Add(frame);
            FlushSoon();
        }
    }

    /// <summary>As the other, for what is encoded. Takes the descriptors.</summary>
    internal void Send(in OutgoingFrame frame)
    {
        if (_stopped)
        {
            frame.Descriptors?.ForEach(d => d.Dispose());
            return;
        }

        _writer.Add(frame);
        FlushSoon();
    }

    private void FlushSoon()
    {
        if (!_flushPending)
        {
            _flushPending = true;
            Loop.AtEndOfTurn(_flush);
        }
    }

    /// <inheritdoc/>
    public void Rest()
    {
        if (_resting || _stopped)
        {
            return;
        }

        _resting = true;
        // Not merely without interest: a hang-up is told all the same, again and again.
        _watch?.Dispose();
        _watch = null;
        Loop.After(RestTime, () =>
        {
            _resting = false;
            if (_watch is null && !_stopped && !_paused)
            {
                Watch();
                Flush();
            }
        });
    }

    private void Tell(StatusCode code, string reason)
    {
        Send(new Frame { Status = new Protocol.V1.Status { Code = (uint)code, Message = reason } });
        Flush();
    }

    private void Flush()
    {
        _flushPending = false;
        if (_stopped || _paused || _writer.IsEmpty)
        {
            return;
        }

        LookAtDescriptors();
        FlushResult result = _writer.Flush();
        _isBlocked = result == FlushResult.Blocked;
        SetInterest();
        switch (result)
        {
            case FlushResult.Done:
                OnWritable();
                break;
            case FlushResult.Crowded:
                // Others do not read: this peer is not to be ended for it.
                OnWritable();
                Server.SayCrowded();
                Loop.After(SendRetry, _flush);
                break;
            case FlushResult.Failed:
                Close(null);
                break;
            case FlushResult.Full:
                Close("its replies exceed its queue");
                break;
            default:
                _unwritable ??= Loop.After(
                    PacketLimits.MaxUnwritable, CloseUnwritable);
                if (result == FlushResult.Retry)
                {
                    Loop.After(SendRetry, _flush);
                }

                break;
        }

        Weigh();
    }

    private void OnWritable()
    {
        _unwritable?.Dispose();
        _unwritable = null;
    }

    private void SetInterest()
    {
        if (!_stopped)
        {
            _watch?.Change(Readiness.Read | (_isBlocked ? Readiness.Write : Readiness.None));
        }
    }

    // While it is paused, it may be another process's.
    private void CloseUnwritable()
    {
        _unwritable = null;
        if (!_paused)
        {
            Close("it has not read for 10 seconds");
        }
    }

    // What was sent counts until the peer has taken it.
    private void LookAtDescriptors(int atLeast = FewDescriptors)
    {
        if (_writer.SentDescriptors > 0)
        {
            _sentDescriptors.Enqueue(_writer.SentDescriptors);
            _descriptorsInFlight += _writer.SentDescriptors;
            _writer.SentDescriptors = 0;
        }

        if (_descriptorsInFlight < atLeast)
        {
            return;
        }

        // Each entry is one packet or more.
        for (int unread = UnixSocket.UnreadPackets(_socket); _sentDescriptors.Count > unread;)
        {
            _descriptorsInFlight -= _sentDescriptors.Dequeue();
        }
    }

    private void Weigh()
    {
        if (_stopped)
        {
            return;
        }

        int descriptors = _descriptorsInFlight + _writer.SentDescriptors + _writer.QueuedDescriptors;
        descriptors = descriptors < FewDescriptors ? 0 : descriptors;
        long bytes = _writer.QueuedBytes + ToldHeldBytes;
        if (bytes == _toldBytes && descriptors == _toldDescriptors)
        {
            return;
        }

        (_toldBytes, _toldDescriptors) = (bytes, descriptors);
        if (Authority.Weigh(this, _toldBytes, _toldDescriptors) is RpcStatus refusal)
        {
            if (_writer.QueuedBytes == 0)
            {
                // It reads what it is told.
                Stop(refusal.StatusCode, refusal.Detail);
            }

            Close(refusal.Detail);
        }
        else if (_toldDescriptors > 0 && !_willLook)
        {
            // A peer that takes them does not say so.
            _willLook = true;
            Loop.After(LookAgain, () =>
            {
                _willLook = false;
                if (!_stopped)
                {
                    LookAtDescriptors();
                    Weigh();
                }
            });
        }
    }
}
