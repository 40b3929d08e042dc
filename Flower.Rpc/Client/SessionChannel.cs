// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
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
public sealed class SessionChannel : ChannelBase, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly EventLoop _loop;
    private readonly Dictionary<uint, ClientCall> _calls = [];
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Descriptor _socket;
    private readonly PacketWriter _writer;
    private readonly EventLoop.Watch _watch;
    private readonly Action _flushAgain;
    private RpcStatus? _end;
    private uint _lastCallId;
    private bool _flushPending;

    private SessionChannel(Descriptor socket, string target)
        : base(target)
    {
        _socket = socket;
        _loop = SynchronizationContext.Current as EventLoop ?? EventLoop.Shared;
        _writer = new PacketWriter(socket);
        _flushAgain = FlushAgain;
        lock (_gate)
        {
            _watch = _loop.Add(socket, Readiness.Read, OnReady);
        }
    }

    /// <summary>Completes, never faults, when the session has ended for whatever reason.</summary>
    public Task Closed => _closed.Task;

    /// <summary>A session on the socket of a switchboard.</summary>
    /// <exception cref="FlowerSocketException">ENOENT, ECONNREFUSED, EACCES …</exception>
    public static SessionChannel ConnectPath(string path) => new(UnixSocket.ConnectPackets(path), $"unix:{path}");

    /// <summary>A session through a descriptor that others may share; it stays the caller's.</summary>
    /// <exception cref="FlowerSocketException">The descriptor is not a session socket, or its switchboard is gone.</exception>
    public static SessionChannel OpenShared(SafeHandle shared)
    {
        ArgumentNullException.ThrowIfNull(shared);
        // Credentials must be asked for before the pair can carry a packet: PacketPair has done so.
        (Descriptor own, Descriptor theirs) = UnixSocket.PacketPair();
        var open = new Packet
        {
            Frames = { new Frame { FdCount = 1, Open = new Open { Session = new FileDescriptor() } } },
        };
        int errno;
        using (theirs)
        {
            // A full queue empties as soon as the switchboard runs; others may share it, so this is a short wait.
            var patience = System.Diagnostics.Stopwatch.StartNew();
            while ((errno = UnixSocket.Send(shared, Google.Protobuf.MessageExtensions.ToByteArray(open), [theirs])) == Errno.Again
                && patience.Elapsed < PacketLimits.MaxUnwritable)
            {
                Thread.Yield();
            }
        }

        if (errno != 0)
        {
            own.Dispose();
            throw new FlowerSocketException("open a session through a handle", errno);
        }

        return new SessionChannel(own, "handle");
    }

    /// <summary>A session through a descriptor that this process was given, such as a constrained handle; closes it.</summary>
    /// <exception cref="FlowerSocketException">As for <see cref="OpenShared"/>.</exception>
    public static SessionChannel Adopt(Descriptor session)
    {
        using (session)
        {
            return OpenShared(session);
        }
    }

    /// <inheritdoc/>
    public override CallInvoker CreateCallInvoker() => new SessionCallInvoker(this, inline: false);

    /// <summary>
    /// A call invoker whose calls go on, where they were awaited, on the thread of its loop itself:
    /// what follows an await must be short and must not block, since all sessions of this process wait for it.
    /// </summary>
    public CallInvoker CreateInlineCallInvoker() => new SessionCallInvoker(this, inline: true);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        End(new RpcStatus(StatusCode.Unavailable, "the session was disposed"));
        await Closed.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override async Task ShutdownAsyncCore() => await DisposeAsync().ConfigureAwait(false);

    /// <summary>Gives the call an id and sends its first frames in one packet.</summary>
    internal void Begin(ClientCall call, Func<uint, IEnumerable<(Frame Frame, List<SafeHandle>? Descriptors)>> frames)
    {
        RpcStatus? end;
        lock (_gate)
        {
            end = _end;
            if (end is null)
            {
                call.CallId = NextId();
                foreach ((Frame frame, List<SafeHandle>? descriptors) in frames(call.CallId))
                {
                    _writer.Add(frame, descriptors);
                }

                _calls.Add(call.CallId, call);
                FlushSoon();
            }
        }

        if (end is not null)
        {
            call.Finish(end.Value, []);
        }
    }

    /// <summary>Sends a frame of a call. Takes the descriptors.</summary>
    internal void Send(Frame frame, List<SafeHandle>? descriptors = null)
    {
        lock (_gate)
        {
            if (_end is not null)
            {
                descriptors?.ForEach(d => d.Dispose());
                return;
            }

            _writer.Add(frame, descriptors);
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
        switch (_writer.Flush())
        {
            case FlushResult.Done:
                _watch.Change(Readiness.Read);
                break;
            case FlushResult.Blocked or FlushResult.Full:
                _watch.Change(Readiness.Read | Readiness.Write);
                break;
            case FlushResult.Retry:
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
            if (_end is null && !_writer.IsEmpty)
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

        bool reset = false;
        for (int left = 32; left > 0 && _end is null; left--)
        {
            int errno;
            ReceivedPacket received;
            try
            {
                errno = UnixSocket.Receive(_socket, PacketReader.Buffer, out received);
            }
            catch (ObjectDisposedException) when (_end is not null)
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
                End(new RpcStatus(StatusCode.Unavailable, "the switchboard has closed the session"));
                return;
            }

            // .NET runs no continuation inline where there is a context that it was not told to go back to. Without one,
            // what this library awaits goes on right here, and only the code of others is posted to where it belongs.
            SynchronizationContext.SetSynchronizationContext(null);
            try
            {
                OnPacket(received);
            }
            finally
            {
                SynchronizationContext.SetSynchronizationContext(_loop);
            }
        }
    }

    private void OnPacket(in ReceivedPacket received)
    {
        int at = 0;
        try
        {
            Packet packet = PacketReader.Parse(PacketReader.Buffer.AsSpan(0, received.Length), received);
            foreach (Frame frame in packet.Frames)
            {
                List<Descriptor>? own = PacketReader.Take(received, ref at, frame.FdCount, out bool lost);
                OnFrame(frame, own, lost);
            }
        }
        catch (PacketException e)
        {
            MessageCodec.Close(received.Descriptors?.GetRange(at, received.Descriptors.Count - at));
            End(new RpcStatus(StatusCode.Internal, $"the switchboard sent {e.Message}"));
        }

        received.PidFd?.Dispose();
    }

    private void OnFrame(Frame frame, List<Descriptor>? descriptors, bool lost)
    {
        ClientCall? call;
        lock (_gate)
        {
            _calls.TryGetValue(frame.CallId, out call);
        }

        switch (frame.KindCase)
        {
            case Frame.KindOneofCase.Message when call is not null:
                call.OnMessage(frame.Message, descriptors, lost);
                return;
            case Frame.KindOneofCase.Status when frame.CallId == 0:
                End(new RpcStatus((StatusCode)frame.Status.Code, frame.Status.Message));
                break;
            case Frame.KindOneofCase.Status:
                call?.Finish(
                    new RpcStatus((StatusCode)frame.Status.Code, frame.Status.Message),
                    MetadataCodec.Read(frame.Status.Trailers));
                break;
            case Frame.KindOneofCase.Credit:
                call?.OnCredit(frame.Credit.Messages);
                break;
            default:
                break;
        }

        MessageCodec.Close(descriptors);
    }

    // Order: what this turn has sent goes out; then no more events, no more sends, then the socket, then the calls are
    // told.
    private void End(RpcStatus status)
    {
        ClientCall[] calls;
        lock (_gate)
        {
            if (_end is not null)
            {
                return;
            }

            if (_flushPending)
            {
                _writer.Flush();
            }

            _end = status;
            _watch.Dispose();
            _writer.Dispose();
            _socket.Dispose();
            calls = [.. _calls.Values];
            _calls.Clear();
        }

        foreach (ClientCall call in calls)
        {
            call.Finish(new RpcStatus(StatusCode.Unavailable, status.Detail), []);
        }

        _closed.TrySetResult();
    }
}
