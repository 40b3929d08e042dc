// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Google.Protobuf;

namespace Flower.Fuzz.Simulation;

/// <summary>
/// One process with one session, as the protocol has it: it writes each packet itself, and believes nothing that it is told
/// without looking at it. Owns its socket and all that it was sent.
/// </summary>
internal sealed class Peer(World world, int id, Descriptor socket, KnownHandle handle, bool isOpening) : IDisposable
{
    [ThreadStatic]
    private static byte[]? _buffer;

    private Descriptor _socket = socket;

    // Its session is to come over the socket that it has.
    private bool _isOpening = isOpening;
    private uint _lastCall;

    public World World { get; } = world;

    public int Id { get; } = id;

    /// <summary>Over which it speaks.</summary>
    public KnownHandle Handle { get; } = handle;

    /// <summary>The calls that have had no status.</summary>
    public Dictionary<uint, PeerCall> Calls { get; } = [];

    /// <summary>Descriptors that it was sent for connections, or has made for them.</summary>
    public List<Descriptor> Held { get; } = [];

    /// <summary>It has no session any more.</summary>
    public bool IsDead { get; private set; }

    /// <summary>Why the board may end its session at any time; null: it must not.</summary>
    public string? MayEnd
    {
        get => field ?? (Handle.MayBeRevoked ? "its handle may have been revoked" : null);
        set;
    }

    /// <summary>It has broken the protocol, and what it is sent is not looked at any more.</summary>
    public bool IsOutlaw { get; set; }

    /// <summary>When it found nothing more to read last.</summary>
    public long ReadAt { get; private set; } = world.Now;

    /// <summary>Sends a packet. The descriptors are its own no longer, if it was sent.</summary>
    /// <returns>False: the board does not read at the moment, or there is no session yet.</returns>
    public bool Send(IReadOnlyList<SafeHandle> descriptors, params IEnumerable<Frame> frames) =>
        SendBytes(descriptors, new Packet { Frames = { frames } }.ToByteArray());

    public bool SendBytes(IReadOnlyList<SafeHandle> descriptors, byte[] packet)
    {
        if (_isOpening)
        {
            return false;
        }

        int errno = UnixSocket.Send(_socket, packet, [.. descriptors]);
        World.Trace?.Invoke(
            $"{World.Now} peer {Id} says {(IsOutlaw ? "something" : Packet.Parser.ParseFrom(packet))} {(errno == 0 ? "" : Errno.NameOf(errno))}");
        if (errno == 0)
        {
            foreach (SafeHandle descriptor in descriptors)
            {
                descriptor.Dispose();
            }
        }

        // EPIPE: the board has ended the session, which is seen when it is read.
        BrokenException.Unless(
            errno is 0 or Errno.Again or Errno.Pipe or Errno.ConnReset, $"a peer cannot send: {Errno.NameOf(errno)}");
        return errno == 0;
    }

    /// <summary>Begins a call.</summary>
    public bool Begin(PeerCall call, IReadOnlyList<SafeHandle> descriptors, params IEnumerable<Frame> more)
    {
        call.Id = _lastCall + 1;
        Frame start = new()
        {
            Start = new Start
            {
                Method = "/flower.v1.Switchboard/" + call.Method,
                TimeoutUs = (ulong)call.TimeoutMs * 1000,
                Credit = call.Credit,
            },
        };
        Frame[] frames = [start, .. more];
        foreach (Frame frame in frames)
        {
            frame.CallId = call.Id;
        }

        if (!Send(descriptors, frames))
        {
            return false;
        }

        call.Deadline = call.TimeoutMs == 0 ? long.MaxValue : World.Now + call.TimeoutMs;
        _lastCall = call.Id;
        Calls.Add(call.Id, call);
        return true;
    }

    /// <summary>Reads a packet. False: there was none.</summary>
    public bool Read()
    {
        byte[] buffer = _buffer ??= new byte[PacketLimits.MaxPacketBytes];
        int errno = UnixSocket.Receive(_socket, buffer, out ReceivedPacket received);
        if (errno == Errno.Again)
        {
            ReadAt = World.Now;
            return false;
        }

        if (errno != 0 || received.Length == 0)
        {
            received.DisposeDescriptors();
            BrokenException.Unless(MayEnd is not null, $"the session of peer {Id} ended without a reason: {Errno.NameOf(errno)}");
            // The process lives on, and what it was given is still its own.
            EndSession();
            return true;
        }

        received.PidFd?.Dispose();
        Packet packet = Packet.Parser.ParseFrom(buffer, 0, received.Length);
        int at = 0;
        foreach (Frame frame in packet.Frames)
        {
            List<Descriptor>? own = PacketReader.Take(received, ref at, frame.FdCount, out _);
            if (_isOpening && frame.KindCase == Frame.KindOneofCase.Opened)
            {
                _isOpening = false;
                _socket.Dispose();
                _socket = own!.Single();
                continue;
            }

            if (own is not null)
            {
                Held.AddRange(own);
            }

            World.OnTold(this, frame);
            if (!IsOutlaw)
            {
                OnFrame(frame, own);
            }
        }

        return true;
    }

    /// <summary>All that it has is closed, as when a process is killed.</summary>
    public void Die()
    {
        EndSession();
        foreach (Descriptor held in Held)
        {
            held.Dispose();
        }

        Held.Clear();
    }

    public void Dispose() => Die();

    private void EndSession()
    {
        if (IsDead)
        {
            return;
        }

        IsDead = true;
        World.Trace?.Invoke($"{World.Now} peer {Id} has no session any more");
        _socket.Dispose();
        foreach (PeerCall call in Calls.Values)
        {
            call.OnDeath();
        }

        Calls.Clear();
    }

    private void OnFrame(Frame frame, List<Descriptor>? descriptors)
    {
        if (frame.CallId == 0)
        {
            BrokenException.Unless(
                frame.KindCase == Frame.KindOneofCase.Hello || MayEnd is not null,
                $"peer {Id} is told of its session: {frame}");
            return;
        }

        if (!Calls.TryGetValue(frame.CallId, out PeerCall? call))
        {
            throw new BrokenException($"peer {Id} hears of call {frame.CallId}, which is none or has ended: {frame}");
        }

        switch (frame.KindCase)
        {
            case Frame.KindOneofCase.Message:
                call.OnMessage(frame.Message, descriptors);
                break;
            case Frame.KindOneofCase.Credit:
                call.OnCredit(frame.Credit.Messages);
                break;
            case Frame.KindOneofCase.Status:
                Calls.Remove(frame.CallId);
                call.End((Grpc.Core.StatusCode)frame.Status.Code, frame.Status.Message);
                break;
            default:
                throw new BrokenException($"a frame of a kind that the board must not send: {frame}");
        }
    }
}
