// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>
/// A switchboard of which the test writes each packet itself: a socket in a directory of its own, which may stop and start
/// again. Owns both; the sessions are the test's.
/// </summary>
internal sealed class ScriptedSwitchboard : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flower-").FullName;
    private Descriptor? _listener;

    public ScriptedSwitchboard() => Start();

    public string SocketPath => Path.Combine(_folder, "board.sock");

    /// <summary>Listens again.</summary>
    public void Start() => _listener = UnixSocket.ListenPackets(SocketPath, 0x180 /* 0600 */);

    /// <summary>As if it had been killed: its socket stays behind, and nobody listens.</summary>
    public void Crash(params RawSession[] sessions)
    {
        _listener?.Dispose();
        _listener = null;
        foreach (RawSession session in sessions)
        {
            session.Dispose();
        }
    }

    /// <summary>Listens again where it had been killed.</summary>
    public void StartAgain()
    {
        File.Delete(SocketPath);
        Start();
    }

    /// <summary>The next session.</summary>
    public RawSession Accept()
    {
        var wanted = new Pollfd { fd = (int)_listener!.DangerousGetHandle(), events = PollEvents.POLLIN };
        Assert.That(Syscall.poll([wanted], 20_000), Is.GreaterThan(0), "no session came");
        return new(UnixSocket.TryAccept(_listener, out _)!);
    }

    /// <summary>Whether nobody has come since.</summary>
    public bool IsQuiet => Syscall.poll(
        [new Pollfd { fd = (int)_listener!.DangerousGetHandle(), events = PollEvents.POLLIN }], 0) == 0;

    /// <summary>The request of the next call, which must be this one; a Hello before it is skipped.</summary>
    public static (uint CallId, T Request) Expect<T>(RawSession session, string call)
        where T : IMessage<T>, new()
    {
        Frame frame = session.Next()!;
        if (frame.KindCase == Frame.KindOneofCase.Hello)
        {
            frame = session.Next()!;
        }

        Assert.That(frame.Start?.Method, Is.EqualTo("/flower.v1.Switchboard/" + call));
        return (frame.CallId, ExpectMessage<T>(session, frame.CallId));
    }

    /// <summary>The next message of a call.</summary>
    public static T ExpectMessage<T>(RawSession session, uint callId)
        where T : IMessage<T>, new()
    {
        Frame frame = session.Next()!;
        Assert.That(frame.KindCase, Is.EqualTo(Frame.KindOneofCase.Message));
        Assert.That(frame.CallId, Is.EqualTo(callId));
        return new MessageParser<T>(() => new T()).ParseFrom(frame.Message);
    }

    /// <summary>The acknowledgement, which must be the next frame.</summary>
    public static uint[] ExpectAcknowledgement(RawSession session)
    {
        Frame frame = session.Next()!;
        Assert.That(frame.KindCase, Is.EqualTo(Frame.KindOneofCase.Restarted));
        Assert.That(frame.CallId, Is.Zero);
        return [.. frame.Restarted.Streams];
    }

    public static Frame Restarted(params uint[] streams) => new() { Restarted = new() { Streams = { streams } } };

    public static Frame Status(uint callId, Grpc.Core.StatusCode code, string message = "") =>
        new() { CallId = callId, Status = new() { Code = (uint)code, Message = message } };

    public void Dispose()
    {
        _listener?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
