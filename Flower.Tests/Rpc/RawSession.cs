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

    /// <summary>The next frame; null at the end of the session. Descriptors are closed.</summary>
    public Frame? Next()
    {
        while (_frames.Count == 0)
        {
            var wanted = new Pollfd { fd = (int)Socket.DangerousGetHandle(), events = PollEvents.POLLIN };
            Assert.That(Syscall.poll([wanted], 20_000), Is.GreaterThan(0), "no packet came");
            int errno = UnixSocket.Receive(Socket, _buffer, out ReceivedPacket received);
            received.DisposeDescriptors();
            if (errno == RpcErrno.Again)
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
