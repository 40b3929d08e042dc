// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Google.Protobuf;
using Mono.Unix.Native;
using NUnit.Framework;
using RpcErrno = Flower.Rpc.Interop.Errno;

namespace Flower.Tests.Rpc;

/// <summary>A session of which the test writes each packet itself. Owns its socket.</summary>
internal sealed class RawSession(Descriptor socket) : IDisposable
{
    private readonly byte[] _buffer = new byte[PacketLimits.MaxPacketBytes];
    private readonly Queue<Frame> _frames = new();

    public Descriptor Socket { get; } = socket;

    /// <summary>What asks for a session of one's own, with the descriptor over which it is to come.</summary>
    public static Frame OpenFrame => new() { FdCount = 1, Open = new Open { ReplyTo = new FileDescriptor() } };

    /// <summary>Asks for a session over a socket that others may share, and waits for it.</summary>
    public static RawSession Open(SafeHandle shared) =>
        TryOpen(shared, out Status? refusal) ?? throw new AssertionException($"there is no session: {refusal}");

    /// <summary>The same. Null: there is none, and why.</summary>
    public static RawSession? TryOpen(SafeHandle shared, out Status? refusal)
    {
        (Descriptor own, Descriptor theirs) = UnixSocket.PacketPair();
        using var answers = new RawSession(own);
        using (theirs)
        {
            Assert.That(
                RpcErrno.NameOf(UnixSocket.Send(shared, new Packet { Frames = { OpenFrame } }.ToByteArray(), [theirs])),
                Is.EqualTo("0"));
        }

        return answers.Opened(out refusal);
    }

    /// <summary>Answers an Open as a switchboard does; the session is the caller's.</summary>
    public static RawSession AnswerOpen(SafeHandle replyTo)
    {
        (Descriptor own, Descriptor theirs) = UnixSocket.PacketPair();
        using (theirs)
        {
            var opened = new Packet { Frames = { new Frame { FdCount = 1, Opened = new Opened { Session = new() } } } };
            Assert.That(UnixSocket.Send(replyTo, opened.ToByteArray(), [theirs]), Is.Zero);
        }

        return new RawSession(own);
    }

    /// <summary>The session that comes over this socket. Null: there is none, and why.</summary>
    public RawSession? Opened(out Status? refusal)
    {
        List<Descriptor> sent = [];
        Frame? frame = Next(sent);
        refusal = frame?.Status;
        return frame?.Opened is null ? null : new RawSession(sent.Single());
    }

    public void Send(params Frame[] frames) => Send([], frames);

    public void Send(SafeHandle[] descriptors, params Frame[] frames) =>
        SendBytes(new Packet { Frames = { frames } }.ToByteArray(), descriptors);

    public void SendBytes(byte[] bytes, params SafeHandle[] descriptors) =>
        Assert.That(RpcErrno.NameOf(UnixSocket.Send(Socket, bytes, descriptors)), Is.EqualTo("0"));

    /// <summary>How many frames of the last packet are still to come.</summary>
    public int InPacket => _frames.Count;

    /// <summary>Whether nothing has come that was not read.</summary>
    public bool IsQuiet => _frames.Count == 0 && Syscall.poll(
        [new Pollfd { fd = (int)Socket.DangerousGetHandle(), events = PollEvents.POLLIN }], 0) == 0;

    /// <summary>The next frame; null at the end of the session.</summary>
    /// <param name="sent">Takes the descriptors of the packet; null: they are closed.</param>
    public Frame? Next(List<Descriptor>? sent = null)
    {
        while (_frames.Count == 0)
        {
            var wanted = new Pollfd { fd = (int)Socket.DangerousGetHandle(), events = PollEvents.POLLIN };
            Assert.That(Syscall.poll([wanted], 20_000), Is.GreaterThan(0), "no packet came");
            int errno = UnixSocket.Receive(Socket, _buffer, out ReceivedPacket received);
            if (sent is null)
            {
                received.DisposeDescriptors();
            }
            else
            {
                received.PidFd?.Dispose();
                sent.AddRange(received.Descriptors ?? []);
            }

            // The kernel says a reset once, before it gives what was sent earlier.
            if (errno is RpcErrno.Again or RpcErrno.ConnReset)
            {
                continue;
            }

            if (errno != 0 || received.Length == 0)
            {
                return null;
            }

            foreach (Frame frame in Packet.Parser.ParseFrom(_buffer.AsSpan(0, received.Length)).Frames)
            {
                _frames.Enqueue(frame);
            }
        }

        return _frames.Dequeue();
    }

    public static Frame Start(uint id, string call, ulong timeoutUs = 0, uint credit = 0) => new()
    {
        CallId = id,
        Start = new Start { Method = "/flower.v1.Switchboard/" + call, TimeoutUs = timeoutUs, Credit = credit },
    };

    public static Frame Message(uint id, IMessage message, uint descriptors = 0) =>
        new() { CallId = id, FdCount = descriptors, Message = message.ToByteString() };

    public static Frame HalfClose(uint id) => new() { CallId = id, HalfClose = new HalfClose() };

    /// <summary>The frames of a call with one empty request.</summary>
    public static Frame[] Call(uint id, string call) =>
        [Start(id, call), Message(id, new ClientConnectRequest()), HalfClose(id)];

    public void Dispose() => Socket.Dispose();
}
