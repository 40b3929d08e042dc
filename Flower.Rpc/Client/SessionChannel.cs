// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Google.Protobuf;
using Grpc.Core;
using RpcStatus = Grpc.Core.Status;

namespace Flower.Rpc;

/// <summary>
/// One session with a switchboard, for generated gRPC stubs: many calls at once, each with deadline, cancellation and
/// descriptors in its messages. For any thread. Owns its socket; disposing it ends its calls with UNAVAILABLE.
/// </summary>
/// <remarks>
/// A session belongs to the process that made it. To use a descriptor that was inherited or received, call
/// <see cref="OpenShared"/>, which makes an own session through it. A session that is made on an event loop lives on it,
/// and must be disposed before it; any other lives on the loop that all of them share.
/// </remarks>
public sealed partial class SessionChannel : ChannelBase, IAsyncDisposable
{
    // What an ended session is still read for in one turn.
    private const int MaxLastPackets = 32;

    private readonly Lock _gate = new();
    private readonly EventLoop _loop;
    private readonly Dictionary<uint, ClientCall> _calls = [];
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PacketWriter _writer;
    private readonly Action _flushAgain;
    private readonly bool _isShared;
    private Descriptor _socket;
    private EventLoop.Watch _watch;
    private bool _isOpening;
    private Action<SessionLossException>? _ended;
    private SessionLossException? _loss;
    private uint _lastCallId;
    private (string? Method, byte[] Encoded) _lastStart = (null, []);
    private bool _flushPending;
    private volatile bool _wasAnswered;

    private SessionChannel(Descriptor socket, string target, bool isShared, EventLoop? loop)
        : base(target)
    {
        _socket = socket;
        _isShared = isShared;
        _isOpening = isShared;
        _loop = loop ?? SynchronizationContext.Current as EventLoop ?? EventLoop.Shared;
        _writer = new PacketWriter(socket);
        _flushAgain = FlushAgain;
        lock (_gate)
        {
            _watch = _loop.Add(socket, Readiness.Read, OnReady);
        }
    }

    /// <summary>Completes, never faults, when the session has ended for whatever reason.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Whether the switchboard has ever said anything about a call of this session.</summary>
    public bool WasAnswered => _wasAnswered;

    /// <summary>The loop that the session lives on.</summary>
    public EventLoop Loop => _loop;

    /// <inheritdoc/>
    public override SessionCallInvoker CreateCallInvoker() => new(this, inline: false);

    /// <summary>
    /// A call invoker whose calls go on, where they were awaited, on the thread of its loop itself:
    /// what follows an await must be short and must not block, since all sessions of this process wait for it.
    /// </summary>
    /// <param name="credit">How many responses of a stream are taken before more are granted, up to 65,535; default: 32.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is more.</exception>
    public SessionCallInvoker CreateInlineCallInvoker(uint credit = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(credit, ushort.MaxValue);
        return new(this, inline: true, credit);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        End(new(SessionLoss.Disposed, StatusCode.Unavailable, "the session was disposed"));
        await Closed.ConfigureAwait(false);
    }

    /// <summary>
    /// Has somebody called once, when the session has ended and before its calls are told, from whatever thread ends it;
    /// at once, if it has ended.
    /// </summary>
    public void OnEnd(Action<SessionLossException> ended)
    {
        ArgumentNullException.ThrowIfNull(ended);
        SessionLossException? loss;
        lock (_gate)
        {
            loss = _loss;
            _ended = ended;
        }

        if (loss is not null)
        {
            ended(loss);
        }
    }

    /// <inheritdoc/>
    protected override async Task ShutdownAsyncCore() => await DisposeAsync().ConfigureAwait(false);

    /// <summary>Gives the call an id and sends its first frames in one packet.</summary>
    internal void Begin(ClientCall call, Start start)
    {
        SessionLossException? loss;
        lock (_gate)
        {
            loss = _loss;
            if (loss is null)
            {
                SayHelloBefore(call);
                call.CallId = NextId();
                // First: where that fails, there is no call.
                OutgoingFrame? request = call.EncodeRequest();
                _writer.Add(new OutgoingFrame(call.CallId, Frame.StartFieldNumber, Encoded(start)));
                if (request is { } message)
                {
                    _writer.Add(message);
                    _writer.Add(OutgoingFrame.HalfClose(call.CallId));
                }

                _calls.Add(call.CallId, call);
                FlushSoon();
            }
        }

        if (loss is not null)
        {
            call.Finish(loss.ToStatus());
        }
    }

    /// <summary>Sends a frame of a call.</summary>
    internal void Send(Frame frame)
    {
        lock (_gate)
        {
            if (_loss is null)
            {
                _writer.Add(frame);
                FlushSoon();
            }
        }
    }

    /// <summary>As the other, for what is encoded.</summary>
    internal void Send(in OutgoingFrame frame)
    {
        lock (_gate)
        {
            if (_loss is not null)
            {
                frame.Descriptors?.ForEach(d => d.Dispose());
                return;
            }

            _writer.Add(frame);
            FlushSoon();
        }
    }

    internal void Forget(ClientCall call)
    {
        lock (_gate)
        {
            _calls.Remove(call.CallId);
        }
    }

    // Under the gate. Most calls of a session begin like the last one.
    private byte[] Encoded(Start start)
    {
        if (start.TimeoutUs > 0 || start.Credit > 0 || start.Metadata.Count > 0)
        {
            return start.ToByteArray();
        }

        if (!ReferenceEquals(_lastStart.Method, start.Method))
        {
            _lastStart = (start.Method, start.ToByteArray());
        }

        return _lastStart.Encoded;
    }

    private uint NextId()
    {
        do
        {
            _lastCallId++;
        }
        while (_lastCallId == 0 || _calls.ContainsKey(_lastCallId));
        return _lastCallId;
    }

    // Under the gate. On the loop, what one turn sends goes out together at its end.
    private void FlushSoon()
    {
        if (!_loop.IsCurrent)
        {
            Flush();
        }
        else if (!_flushPending)
        {
            _flushPending = true;
            _loop.AtEndOfTurn(_flushAgain);
        }
    }

    // Under the gate.
    private void Flush()
    {
        _flushPending = false;
        if (_isOpening)
        {
            return;
        }

        switch (_writer.Flush())
        {
            case FlushResult.Done:
                _watch.Change(Readiness.Read);
                break;
            case FlushResult.Blocked or FlushResult.Full:
                _watch.Change(Readiness.Read | Readiness.Write);
                break;
            case FlushResult.Retry or FlushResult.Crowded:
                _loop.Post(_ => _loop.After(TimeSpan.FromMilliseconds(20), _flushAgain), null);
                break;
            default:
                // The end of the stream follows, with the switchboard's reason before it if there was one.
                break;
        }
    }

    private void FlushAgain()
    {
        lock (_gate)
        {
            if (_loss is null && !_writer.IsEmpty)
            {
                Flush();
            }
        }
    }

    private void OnReady(Readiness ready)
    {
        if ((ready & Readiness.Write) != 0)
        {
            FlushAgain();
        }

        // One a turn, as long as there will be more turns: to look for a second would cost most of them a system call.
        bool reset = false;
        int packets = (ready & (Readiness.HangUp | Readiness.Error)) == 0 ? 1 : MaxLastPackets;
        using var buffer = PacketBuffer.Take();
        for (int left = packets; left > 0 && _loss is null; left--)
        {
            int errno;
            ReceivedPacket received;
            try
            {
                errno = UnixSocket.Receive(_socket, buffer.Bytes.Span, out received);
            }
            catch (ObjectDisposedException) when (_loss is not null)
            {
                // Disposed by another thread just now.
                return;
            }

            if (errno == Errno.Again)
            {
                return;
            }

            if (errno == Errno.ConnReset && !reset)
            {
                // The switchboard closed before it had read everything. The kernel says so once, and before it gives
                // what was sent earlier: the reason.
                reset = true;
                continue;
            }

            if (errno != 0 || received.Length == 0)
            {
                received.DisposeDescriptors();
                End(new(SessionLoss.Gone, StatusCode.Unavailable, "the switchboard has closed the session"));
                return;
            }

            // .NET runs no continuation inline where there is a context that it was not told to go back to. Without one,
            // what this library awaits goes on right here, and only the code of others is posted to where it belongs.
            SynchronizationContext.SetSynchronizationContext(null);
            try
            {
                OnPacket(received, buffer);
            }
            finally
            {
                SynchronizationContext.SetSynchronizationContext(_loop);
            }
        }
    }

    private void OnPacket(in ReceivedPacket received, PacketBuffer buffer)
    {
        int at = 0;
        try
        {
            PacketReader.Parse(buffer.Bytes[..received.Length], received, buffer.Frames);
            foreach (ref readonly ReceivedFrame frame in CollectionsMarshal.AsSpan(buffer.Frames))
            {
                List<Descriptor>? own = PacketReader.Take(received, ref at, frame.FdCount, out bool lost);
                OnFrame(frame, own, lost);
            }
        }
        catch (PacketException e)
        {
            MessageCodec.Close(received.Descriptors?.GetRange(at, received.Descriptors.Count - at));
            End(new(SessionLoss.Broken, StatusCode.Internal, $"the switchboard sent {e.Message}"));
        }

        received.PidFd?.Dispose();
    }

    private void OnFrame(in ReceivedFrame frame, List<Descriptor>? descriptors, bool lost)
    {
        ClientCall? call;
        lock (_gate)
        {
            _calls.TryGetValue(frame.CallId, out call);
        }

        if (call is not null)
        {
            _wasAnswered = true;
        }

        switch (frame.Kind)
        {
            case Frame.KindOneofCase.Message when call is not null:
                call.OnMessage(frame.Message, descriptors, lost);
                return;
            case Frame.KindOneofCase.Status when frame.CallId == 0:
                // What is stopping may come back; what was refused is refused again.
                var refusal = (Protocol.V1.Status)frame.Said!;
                var code = (StatusCode)refusal.Code;
                End(new(
                    code == StatusCode.Unavailable ? SessionLoss.Gone : SessionLoss.Refused,
                    code,
                    refusal.Message));
                break;
            case Frame.KindOneofCase.Restarted when frame.CallId == 0:
                OnRestarted((Restarted)frame.Said!);
                break;
            case Frame.KindOneofCase.Opened when _isOpening:
                OnOpened((Opened)frame.Said!, descriptors, lost);
                return;
            case Frame.KindOneofCase.Status:
                var status = (Protocol.V1.Status)frame.Said!;
                call?.Finish(
                    new RpcStatus((StatusCode)status.Code, status.Message),
                    status.Trailers.Count == 0 ? null : MetadataCodec.Read(status.Trailers));
                break;
            case Frame.KindOneofCase.Credit:
                call?.OnCredit(((Credit)frame.Said!).Messages);
                break;
            default:
                break;
        }

        MessageCodec.Close(descriptors);
    }

    // Order: what this turn has sent goes out; then no more events, no more sends, then the socket; then whoever opens
    // another session is told, and then the calls, which may ask for it.
    private void End(SessionLossException loss)
    {
        ClientCall[] calls;
        Action<SessionLossException>? ended;
        lock (_gate)
        {
            if (_loss is not null)
            {
                return;
            }

            if (_flushPending)
            {
                Flush();
            }

            _loss = loss;
            ended = _ended;
            _watch.Dispose();
            _writer.Dispose();
            _socket.Dispose();
            calls = [.. _calls.Values];
            _calls.Clear();
        }

        ended?.Invoke(loss);
        RpcStatus status = loss.ToStatus();
        foreach (ClientCall call in calls)
        {
            call.Finish(status);
        }

        _closed.TrySetResult();
    }
}
