// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Google.Protobuf;
using Mono.Unix.Native;
using NUnit.Framework;
using RpcErrno = Flower.Rpc.Interop.Errno;
using Status = Flower.Protocol.V1.Status;

namespace Flower.Tests.Faults;

/// <summary>
/// A program on the handle door that writes each packet itself, knows what it still waits for, and can be killed between any two
/// steps. Owns its session and what it was sent. One thread.
/// </summary>
internal sealed class Party(Descriptor session) : IDisposable
{
    private const int PatienceMs = 20_000;

    private readonly byte[] _buffer = new byte[PacketLimits.MaxPacketBytes];
    private readonly Dictionary<uint, MessageParser> _parsers = [];
    private readonly HashSet<uint> _unanswered = [];
    private readonly HashSet<ulong> _offers = [];
    private readonly HashSet<ulong> _undelivered = [];
    private readonly Dictionary<uint, Status> _ends = [];
    private readonly List<(uint Call, IMessage Message)> _heard = [];
    private uint _lastFence = 1_000_000;

    /// <summary>The descriptors that it was sent.</summary>
    public List<Descriptor> Held { get; } = [];

    /// <summary>Its session has ended, as it saw it.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>It was killed.</summary>
    public bool IsDead { get; private set; }

    /// <summary>Every call that is to be answered was, and every offer that it knows is answered, or void.</summary>
    public bool IsSettled => IsEnded || (_unanswered.Count == 0 && _offers.Count == 0 && _undelivered.Count == 0);

    /// <summary>It was offered, or asked, something that it has not answered.</summary>
    public bool HasOffers => _offers.Count > 0;

    /// <summary>What is open yet, for a failed assertion.</summary>
    public string Open =>
        $"calls {string.Join(' ', _unanswered)}, offers {string.Join(' ', _offers)}, deliveries {string.Join(' ', _undelivered)}";

    public static Party Connect(string path) => new(UnixSocket.ConnectPackets(path));

    /// <summary>A call with one request, which ends by itself.</summary>
    public void Ask(uint call, string method, MessageParser answers, IMessage request, params SafeHandle[] descriptors)
    {
        _unanswered.Add(call);
        _parsers[call] = answers;
        Send(descriptors, Start(call, method), Message(call, request, descriptors), new() { CallId = call, HalfClose = new() });
    }

    /// <summary>A call that stays open.</summary>
    public void Begin(uint call, string method, MessageParser answers, IMessage first)
    {
        _parsers[call] = answers;
        Send([], Start(call, method), Message(call, first, []));
    }

    /// <summary>One more message on an open call. Descriptors are given away.</summary>
    public void Say(uint call, IMessage message, params SafeHandle[] descriptors) =>
        Send(descriptors, Message(call, message, descriptors));

    /// <summary>Answers an offer on an open call.</summary>
    public void Answer(uint call, IMessage message, ulong offer, bool waitsForSocket, params SafeHandle[] descriptors)
    {
        _offers.Remove(offer);
        if (waitsForSocket)
        {
            _undelivered.Add(offer);
        }

        Say(call, message, descriptors);
    }

    /// <summary>The next message of a call of this type, for which it waits.</summary>
    public T Hear<T>(uint call)
        where T : IMessage
    {
        while (true)
        {
            int at = _heard.FindIndex(heard => heard.Call == call && heard.Message is T);
            if (at >= 0)
            {
                IMessage message = _heard[at].Message;
                _heard.RemoveAt(at);
                return (T)message;
            }

            Assert.That(_ends.GetValueOrDefault(call), Is.Null, "the call has ended");
            Assert.That(Read(PatienceMs), Is.True, "the session has ended, or nothing came");
        }
    }

    /// <summary>How a call ends, for which it waits.</summary>
    public Status HearEnd(uint call)
    {
        while (!_ends.ContainsKey(call))
        {
            Assert.That(Read(PatienceMs), Is.True, "the session has ended, or nothing came");
        }

        return _ends[call];
    }

    /// <summary>Reads all that the switchboard has said by now: a call of its own comes behind it.</summary>
    public void CatchUp()
    {
        if (IsEnded)
        {
            return;
        }

        uint fence = ++_lastFence;
        _parsers[fence] = StatsResponse.Parser;
        if (TrySend([], Start(fence, "Stats"), Message(fence, new StatsRequest(), []), new() { CallId = fence, HalfClose = new() }))
        {
            while (!_ends.ContainsKey(fence) && Read(PatienceMs))
            {
            }
        }
        else
        {
            // What was said last may still be there.
            while (Read(0))
            {
            }

            IsEnded = true;
        }

        _heard.RemoveAll(heard => heard.Call == fence);
    }

    /// <summary>Asks for a session over a descriptor, which is given away.</summary>
    public void OpenSession(SafeHandle descriptor) =>
        Send([descriptor], new Frame { FdCount = 1, Open = new() { ReplyTo = new() { Index = 0 } } });

    /// <summary>Gives the calls up that are not answered.</summary>
    public void GiveUp()
    {
        if (IsEnded)
        {
            return;
        }

        foreach (uint call in _unanswered.ToArray())
        {
            Send([], new Frame { CallId = call, Cancel = new() });
        }
    }

    /// <summary>What the kernel does for a process that ends, however it ends: all of its descriptors are closed.</summary>
    public void Kill()
    {
        IsDead = true;
        session.Dispose();
        Held.ForEach(held => held.Dispose());
    }

    public void Dispose() => Kill();

    private static Frame Start(uint call, string method) =>
        new() { CallId = call, Start = new() { Method = "/flower.v1.Switchboard/" + method } };

    private static Frame Message(uint call, IMessage message, SafeHandle[] descriptors) =>
        new() { CallId = call, FdCount = (uint)descriptors.Length, Message = message.ToByteString() };

    private void Send(SafeHandle[] descriptors, params Frame[] frames) =>
        Assert.That(TrySend(descriptors, frames), Is.True, "the session has ended");

    private bool TrySend(SafeHandle[] descriptors, params Frame[] frames)
    {
        byte[] packet = new Packet { Frames = { frames } }.ToByteArray();
        int errno;
        while ((errno = UnixSocket.Send(session, packet, descriptors)) == RpcErrno.Again)
        {
            var wanted = new Pollfd { fd = (int)session.DangerousGetHandle(), events = PollEvents.POLLOUT };
            Assert.That(Syscall.poll([wanted], PatienceMs), Is.GreaterThan(0), "the switchboard does not read");
        }

        foreach (SafeHandle descriptor in descriptors)
        {
            descriptor.Dispose();
        }

        return errno == 0;
    }

    // One packet. False: the session has ended, or nothing came in time.
    private bool Read(int timeoutMs)
    {
        var wanted = new Pollfd { fd = (int)session.DangerousGetHandle(), events = PollEvents.POLLIN };
        if (Syscall.poll([wanted], timeoutMs) <= 0)
        {
            return false;
        }

        int errno = UnixSocket.Receive(session, _buffer, out ReceivedPacket received);
        if (errno == RpcErrno.Again)
        {
            return true;
        }

        if (errno != 0 || received.Length == 0)
        {
            IsEnded = true;
            return false;
        }

        Held.AddRange(received.Descriptors ?? []);
        foreach (Frame frame in Packet.Parser.ParseFrom(_buffer.AsSpan(0, received.Length)).Frames)
        {
            Take(frame);
        }

        return true;
    }

    private void Take(Frame frame)
    {
        if (frame.KindCase == Frame.KindOneofCase.Status)
        {
            _ends[frame.CallId] = frame.Status;
            _unanswered.Remove(frame.CallId);
            IsEnded |= frame.CallId == 0;
        }
        else if (frame.KindCase == Frame.KindOneofCase.Message)
        {
            IMessage message = _parsers[frame.CallId].ParseFrom(frame.Message);
            _heard.Add((frame.CallId, message));
            Remember(message);
        }
    }

    private void Remember(IMessage message)
    {
        switch (message)
        {
            case ServerStartResponse { Offer: { } offer }:
                _offers.Add(offer.ConnectionId);
                break;
            case ServerStartResponse { Delivery: { } delivery }:
                _undelivered.Remove(delivery.ConnectionId);
                break;
            case ServerStartResponse { Withdrawal: { } withdrawal }:
                Forget(withdrawal.ConnectionId);
                break;
            case EgressStartResponse { Offer: { } offer }:
                _offers.Add(offer.ConnectionId);
                break;
            case EgressStartResponse { Withdrawal: { } withdrawal }:
                Forget(withdrawal.ConnectionId);
                break;
            case ResolverStartResponse { Question: { } question }:
                _offers.Add(question.Id);
                break;
            case ResolverStartResponse { Withdrawal: { } withdrawal }:
                Forget(withdrawal.QuestionId);
                break;
            default:
                break;
        }
    }

    private void Forget(ulong offer)
    {
        _offers.Remove(offer);
        _undelivered.Remove(offer);
    }
}
