// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using RpcStatus = Grpc.Core.Status;

namespace Flower.Rpc.Server;

/// <summary>
/// One session as the switchboard sees it. On the loop. Belongs to the process that sent its first packet other than
/// Open; ends by <see cref="Stop"/>, at the end of the stream, when that process is gone, or when a packet breaks the
/// protocol. Owns its socket and its calls.
/// </summary>
internal sealed partial class ServerSession : ISession
{
    // Who has asked for a session on a socket that ends, and is still told that there is none; the others see its end.
    private const int MaxTold = 64;

    // Calls that have brought no message: more than a caller ever has who sends its first one along.
    private const int MaxUnasked = 32;

    // Calls that begin in one turn of the loop.
    private const int MaxAtOnce = 32;

    private readonly Dictionary<uint, ServerCall> _calls = [];
    private readonly List<ServerCall> _started = [];
    private readonly Descriptor _socket;
    private readonly PacketWriter _writer;
    private readonly Action _flush;
    private EventLoop.Watch? _watch;
    private Credentials? _owner;
    private Descriptor? _pidFd;
    private EventLoop.Watch? _pidWatch;
    private IDisposable? _unwritable;
    private int _unasked;
    private bool _flushPending;
    private bool _willRun;
    private bool _isShared;
    private bool _stopped;

    internal ServerSession(
        SessionServer server, Descriptor socket, ISessionAuthority authority, bool isShared, bool paused = false)
    {
        Server = server;
        Authority = authority;
        _socket = socket;
        _socket.ClosesElsewhere = true;
        _isShared = isShared;
        _writer = new PacketWriter(socket);
        _flush = Flush;
        _paused = paused;
        if (!paused)
        {
            Watch();
        }
    }

    public bool HasEnded => _stopped;

    internal SessionServer Server { get; }

    internal ISessionAuthority Authority { get; }

    /// <summary>What the service keeps for this session.</summary>
    internal object? State { get; set; }

    /// <summary>The last request without descriptors, and what it was read as.</summary>
    internal (byte[] Bytes, object Message)? LastRequest { get; set; }

    public Credentials? Owner => _owner;

    // What has ended lends nothing: its targets are found until their handlers have noticed, later in the same turn.
    public Descriptor? ProcessDescriptor => _stopped ? null : _pidFd;

    internal Credentials Credentials => _owner ?? default;

    internal EventLoop Loop => Server.Loop;

    internal ILogger Logger => Server.Logger;

    internal void Forget(ServerCall call)
    {
        if (_calls.Remove(call.CallId) && !call.WasAsked)
        {
            _unasked--;
        }

        Release(call);
    }

    /// <inheritdoc/>
    public void Stop(StatusCode code, string reason)
    {
        if (_stopped)
        {
            return;
        }

        if (_paused)
        {
            // Another process may have the session, which has not ended then.
            Close(null);
            return;
        }

        // Whoever has asked for a session over a shared socket is told why it gets none.
        _isEnding = true;
        for (int packets = MaxTold; packets > 0 && _toldAtEnd < MaxTold && _owner is null && _isShared && !_stopped
            && ReceiveOne(); packets--)
        {
        }

        Tell(code, reason);
        Close(reason);
    }

    /// <summary>
    /// Ends a session that may not be, and tells the peer why. Whoever refused it mostly logs that: it has no owner to name, and
    /// anybody can try again and again.
    /// </summary>
    internal void TurnAway(RpcStatus refusal, string? said)
    {
        Tell(refusal.StatusCode, refusal.Detail);
        Close(said);
    }

    private void OnReady(Readiness ready)
    {
        if ((ready & Readiness.Write) != 0)
        {
            Flush();
        }

        // One a turn: most peers send one packet and wait, and to look for a second would cost each of them a system call. The
        // loop comes back to what has more.
        if (!_stopped && !_paused && !_resting)
        {
            ReceiveOne();
        }
    }

    // False: there was none.
    private bool ReceiveOne()
    {
        using var buffer = PacketBuffer.Take();
        int errno = UnixSocket.Receive(_socket, buffer.Bytes.Span, out ReceivedPacket received);
        if (errno == Errno.Again)
        {
            return false;
        }

        received.CloseElsewhere();
        if (errno != 0 || received.Length == 0)
        {
            received.DisposeDescriptors();
            // A peer that was killed before it had read everything ends the stream with a reset: an end like others.
            Close(errno is 0 or Errno.ConnReset ? null : Marshal.GetPInvokeErrorMessage(errno));
            return false;
        }

        OnPacket(received, buffer);
        return true;
    }

    private void OnPacket(in ReceivedPacket received, PacketBuffer buffer)
    {
        try
        {
            PacketReader.Parse(buffer.Bytes[..received.Length], received, buffer.Frames);
        }
        catch (PacketException e)
        {
            received.DisposeDescriptors();
            Refuse(e.Message, received.Sender);
            return;
        }

        int at = 0;
        try
        {
            foreach (ref readonly ReceivedFrame frame in CollectionsMarshal.AsSpan(buffer.Frames))
            {
                List<Descriptor>? own = PacketReader.Take(received, ref at, frame.FdCount, out bool lost);
                if (_stopped)
                {
                    MessageCodec.Close(own);
                }
                else if (lost)
                {
                    MessageCodec.Close(own);
                    OnLost(frame, received);
                }
                else
                {
                    OnFrame(frame, own, received);
                }
            }
        }
        catch (PacketException e)
        {
            MessageCodec.Close(received.Descriptors?.GetRange(at, received.Descriptors.Count - at));
            Refuse(e.Message, received.Sender);
        }
        finally
        {
            if (!ReferenceEquals(received.PidFd, _pidFd))
            {
                received.PidFd?.Dispose();
            }
        }

        RunStarted();
    }

    // After the whole packet: a call mostly brings its request along, and its handler then need not wait for it. A packet can
    // bring a thousand: other sessions have their turn in between.
    private void RunStarted()
    {
        int count = Math.Min(_started.Count, MaxAtOnce);
        for (int i = 0; i < count; i++)
        {
            if (!_started[i].HasEnded)
            {
                _started[i].Run();
            }
        }

        _started.RemoveRange(0, count);
        if (_started.Count > 0 && !_willRun)
        {
            _willRun = true;
            Loop.Post(
                static state =>
                {
                    var session = (ServerSession)state!;
                    session._willRun = false;
                    session.RunStarted();
                },
                this);
        }
    }

    private void OnFrame(in ReceivedFrame frame, List<Descriptor>? descriptors, in ReceivedPacket received)
    {
        if (frame.Kind == Frame.KindOneofCase.Open)
        {
            OnOpen((Open)frame.Said!, descriptors, received.Sender);
            return;
        }

        if (frame.Kind != Frame.KindOneofCase.Message && descriptors is not null)
        {
            MessageCodec.Close(descriptors);
            if (frame.Kind != Frame.KindOneofCase.None)
            {
                throw new PacketException("descriptors beside a frame that carries none");
            }
        }

        try
        {
            Identify(received);
        }
        catch (PacketException)
        {
            MessageCodec.Close(descriptors);
            throw;
        }

        if (_stopped)
        {
            MessageCodec.Close(descriptors);
            return;
        }

        if (_awaitsAcknowledgement && frame.Kind != Frame.KindOneofCase.Restarted)
        {
            // Sent before its caller knew of the crash.
            MessageCodec.Close(descriptors);
            return;
        }

        switch (frame.Kind)
        {
            case Frame.KindOneofCase.Restarted:
                OnAcknowledged((Restarted)frame.Said!);
                break;
            case Frame.KindOneofCase.Start:
                OnStart(frame.CallId, (Start)frame.Said!);
                break;
            case Frame.KindOneofCase.Message when _calls.TryGetValue(frame.CallId, out ServerCall? call):
                OnCallMessage(call, frame.Message, descriptors);
                break;
            case Frame.KindOneofCase.Message:
                // The call has ended meanwhile, and its caller does not know yet.
                MessageCodec.Close(descriptors);
                break;
            case Frame.KindOneofCase.HalfClose:
                Find(frame)?.OnHalfClose();
                break;
            case Frame.KindOneofCase.Cancel:
                Find(frame)?.OnCancel();
                break;
            case Frame.KindOneofCase.Credit:
                Find(frame)?.OnCredit(((Credit)frame.Said!).Messages);
                break;
            case Frame.KindOneofCase.Hello:
                OnFeatures((Hello)frame.Said!);
                Send(new Frame
                {
                    Hello = new Hello
                    {
                        Version = PacketLimits.Version,
                        MaxPacketBytes = PacketLimits.MaxPacketBytes,
                        MaxCalls = PacketLimits.MaxCalls,
                    },
                });
                break;
            case Frame.KindOneofCase.Status:
                throw new PacketException("a status from a caller");
            case Frame.KindOneofCase.None when frame.CallId != 0:
                SendStatus(frame.CallId, StatusCode.Unimplemented, "this switchboard does not know this kind of frame");
                break;
            default:
                // An unknown kind about the session itself: a status with call id 0 would end it, so it is skipped.
                break;
        }
    }

    // At this process's own limit: that call fails, and the session goes on.
    private void OnLost(in ReceivedFrame frame, in ReceivedPacket received)
    {
        const string Why = "the switchboard has no descriptor left: try again later, or raise its limit";
        if (frame.Kind == Frame.KindOneofCase.Open)
        {
            Server.SayRefused(received.Sender?.Uid ?? LogRate.Nobody, Why);
            return;
        }

        Identify(received);
        Find(frame)?.End(new RpcStatus(StatusCode.ResourceExhausted, Why));
    }

    private ServerCall? Find(in ReceivedFrame frame) => _calls.GetValueOrDefault(frame.CallId);

    private void OnStart(uint callId, Start start)
    {
        if (callId == 0 || _calls.ContainsKey(callId))
        {
            throw new PacketException($"call id {callId} is {(callId == 0 ? "not a call's" : "in use")}");
        }

        if (_calls.Count >= PacketLimits.MaxCalls)
        {
            SendStatus(
                callId, StatusCode.ResourceExhausted, $"the session has {PacketLimits.MaxCalls} open calls, its limit");
            return;
        }

        // Nobody has counted them yet: what a call wants is known with its first message.
        if (_unasked >= MaxUnasked)
        {
            SendStatus(
                callId, StatusCode.ResourceExhausted, $"the session has {MaxUnasked} calls without a message, its limit");
            return;
        }

        if (IsHeadTooLarge(callId, start, out int bytes))
        {
            return;
        }

        if (Server.Methods.Create(this, callId, start) is not ServerCall call)
        {
            SendStatus(
                callId, StatusCode.Unimplemented, $"no method '{Protocol.LabelRules.Printable(start.Method)}' here");
            return;
        }

        _calls.Add(callId, call);
        _unasked++;
        _started.Add(call);
        Hold(call, bytes);
    }

    private void SendStatus(uint callId, StatusCode code, string message) =>
        Send(new Frame { CallId = callId, Status = new Protocol.V1.Status { Code = (uint)code, Message = message } });

    // Order: no more events, then the calls (their handlers close what they hold), then the socket itself, once its peer has read.
    internal void Close(string? reason)
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        LeaveStore();
        _watch?.Dispose();
        _pidWatch?.Dispose();
        _unwritable?.Dispose();
        foreach (ServerCall call in _calls.Values.ToArray())
        {
            call.End(new RpcStatus(StatusCode.Unavailable, "the session has ended"));
        }

        _writer.Dispose();
        _pidFd?.Dispose();
        if (!_paused)
        {
            // The peer need not wait for the close. Another process may have it otherwise.
            ConnectedSocket.End(_socket);
        }

        Server.Remove(this);
        if (_paused)
        {
            Leave();
        }
        else
        {
            LeaveOnceRead(LookAgain);
        }

        if (reason is null)
        {
            RpcLog.SessionClosed(Logger, Credentials.Pid, Credentials.Uid);
        }
        else if (Server.Lines.Allows(_owner?.Uid ?? LogRate.Nobody))
        {
            RpcLog.SessionFailed(Logger, Credentials.Pid, Credentials.Uid, reason);
        }
    }
}
