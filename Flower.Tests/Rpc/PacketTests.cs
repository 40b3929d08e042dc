// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Google.Protobuf;
using Grpc.Core;
using Mono.Unix.Native;
using NUnit.Framework;
using Status = Flower.Protocol.V1.Status;

namespace Flower.Tests.Rpc;

/// <summary>What the server makes of packets that no well-behaved library sends: docs/protocol.md §9.</summary>
internal sealed class PacketTests : RpcFixture
{
    [Test]
    public async Task Packet_Whole_IsAnswered()
    {
        using RawSession raw = await RawAsync();

        raw.Send(RawSession.Call(7, "ClientConnect"));

        Assert.That(raw.Next(), Has.Property(nameof(Frame.KindCase)).EqualTo(Frame.KindOneofCase.Message));
        Frame? status = raw.Next();
        Assert.That(status?.CallId, Is.EqualTo(7));
        Assert.That(status?.Status.Code, Is.Zero);
    }

    [Test]
    public async Task Packet_Oversized_EndsTheSessionWithTheReason()
    {
        using RawSession raw = await RawAsync();

        raw.SendBytes(new byte[PacketLimits.MaxPacketBytes + 1]);

        AssertEnded(raw, "a packet of more than 65536 bytes");
    }

    [Test]
    public async Task Packet_Malformed_EndsTheSessionWithTheReason()
    {
        using RawSession raw = await RawAsync();

        raw.SendBytes([0xff, 0xff, 0xff]);

        AssertEnded(raw, "a malformed packet");
    }

    [Test]
    public async Task Message_Malformed_EndsTheSessionWithTheReason()
    {
        using RawSession raw = await RawAsync();

        raw.Send(
            RawSession.Start(1, "ClientConnect"),
            new Frame { CallId = 1, Message = ByteString.CopyFrom(0xff, 0xff) });

        AssertEnded(raw, "a malformed message");
    }

    [TestCase(0u, 1)]
    [TestCase(1u, 0)]
    [TestCase(2u, 1)]
    [TestCase(uint.MaxValue, 1)]
    public async Task FdCount_NotWhatCame_EndsTheSessionAndClosesThem(uint stated, int sent)
    {
        using RawSession raw = await RawAsync();
        using var gifts = new Gifts(sent);

        raw.Send(
            gifts.Take(),
            RawSession.Start(1, "IngressConnect"),
            RawSession.Message(1, new IngressConnectRequest { Socket = new FileDescriptor() }, stated));

        AssertEnded(raw, $"a packet with {sent} descriptors whose frames name {stated}");
        gifts.AssertClosed();
    }

    [Test]
    public async Task FdCount_SumThatOverflows_EndsTheSessionAndClosesThem()
    {
        using RawSession raw = await RawAsync();
        using var gifts = new Gifts(1);

        raw.Send(
            gifts.Take(),
            RawSession.Message(1, new IngressConnectRequest(), uint.MaxValue),
            RawSession.Message(1, new IngressConnectRequest(), 2));

        AssertEnded(raw, "whose frames name 4294967297");
        gifts.AssertClosed();
    }

    [Test]
    public async Task Descriptor_NoFieldNamesIt_EndsTheSessionAndClosesIt()
    {
        using RawSession raw = await RawAsync();
        using var gifts = new Gifts(1);

        raw.Send(
            gifts.Take(),
            RawSession.Start(1, "IngressConnect"),
            RawSession.Message(1, new IngressConnectRequest(), 1));

        AssertEnded(raw, "a message with 1 descriptors that names 0");
        gifts.AssertClosed();
    }

    [Test]
    public async Task Descriptor_MessageWithoutSuchAField_EndsTheSessionAndClosesIt()
    {
        using RawSession raw = await RawAsync();
        using var gifts = new Gifts(2);

        raw.Send(
            gifts.Take(),
            RawSession.Start(1, "ClientConnect"),
            RawSession.Message(1, new ClientConnectRequest(), 2));

        AssertEnded(raw, "a message with 2 descriptors that names 0");
        gifts.AssertClosed();
    }

    [Test]
    public async Task Descriptor_NamedByAFrameThatHasNone_EndsTheSession()
    {
        using RawSession raw = await RawAsync();

        raw.Send(
            RawSession.Start(1, "IngressConnect"),
            RawSession.Message(1, new IngressConnectRequest { Socket = new FileDescriptor() }));

        AssertEnded(raw, "a message with 0 descriptors that names 1");
    }

    [Test]
    public async Task Descriptor_IndexOutsideOfTheFrame_EndsTheSessionAndClosesIt()
    {
        using RawSession raw = await RawAsync();
        using var gifts = new Gifts(1);

        raw.Send(
            gifts.Take(),
            RawSession.Start(1, "IngressConnect"),
            RawSession.Message(1, new IngressConnectRequest { Socket = new FileDescriptor { Index = uint.MaxValue } }, 1));

        AssertEnded(raw, "does not name each of its descriptors once");
        gifts.AssertClosed();
    }

    [Test]
    public void Descriptor_NamedTwice_IsRefusedAndClosed()
    {
        // No message of the contract has two such fields at once, so the codec is asked directly.
        using var gifts = new Gifts(2);
        List<Descriptor> descriptors = [.. gifts.Take().Cast<Descriptor>()];
        var marshaller = Marshallers.Create(_ => [], _ => new Twice());

        Assert.That(
            () => MessageCodec.Decode(ReadOnlyMemory<byte>.Empty, descriptors, marshaller),
            Throws.TypeOf<PacketException>().With.Message.Contains("once"));
        gifts.AssertClosed();
    }

    [Test]
    public async Task Descriptor_BesideACancel_EndsTheSessionAndClosesIt()
    {
        using RawSession raw = await RawAsync();
        using var gifts = new Gifts(1);

        raw.Send(gifts.Take(), new Frame { CallId = 1, FdCount = 1, Cancel = new Cancel() });

        AssertEnded(raw, "descriptors beside a frame that carries none");
        gifts.AssertClosed();
    }

    [Test]
    public async Task Descriptors_OfLaterFramesWhenAnEarlierOneIsWrong_AreClosed()
    {
        using RawSession raw = await RawAsync();
        using var gifts = new Gifts(2);

        raw.Send(
            gifts.Take(),
            new Frame { CallId = 1, FdCount = 1, Cancel = new Cancel() },
            RawSession.Message(1, new IngressConnectRequest { Socket = new FileDescriptor() }, 1));

        AssertEnded(raw, "descriptors beside a frame that carries none");
        gifts.AssertClosed();
    }

    [Test]
    public async Task Descriptor_ForACallThatHasEnded_IsClosedAndTheSessionLives()
    {
        using RawSession raw = await RawAsync();
        using var gifts = new Gifts(1);

        raw.Send(
            gifts.Take(),
            RawSession.Message(99, new IngressConnectRequest { Socket = new FileDescriptor() }, 1));

        gifts.AssertClosed();
        AssertLives(raw);
    }

    [Test]
    public async Task Frame_UnknownKind_UnimplementedAndTheSessionLives()
    {
        using RawSession raw = await RawAsync();
        using var gifts = new Gifts(1);

        // Packet.frames { call_id: 5, fd_count: 1, field 15: empty }
        raw.SendBytes([0x0a, 6, 0x08, 5, 0x10, 1, 0x7a, 0], gifts.Take());

        Frame? status = raw.Next();
        Assert.That(status?.CallId, Is.EqualTo(5));
        Assert.That(status?.Status.Code, Is.EqualTo((uint)StatusCode.Unimplemented));
        gifts.AssertClosed();
        AssertLives(raw);
    }

    [Test]
    public async Task Frame_UnknownKindOfTheSession_Skipped()
    {
        using RawSession raw = await RawAsync();

        raw.SendBytes([0x0a, 2, 0x7a, 0]);

        AssertLives(raw);
    }

    [Test]
    public async Task Method_Unknown_UnimplementedAndNamed()
    {
        using RawSession raw = await RawAsync();

        raw.Send(new Frame { CallId = 3, Start = new Start { Method = "/a.B/C\u001b" } });

        Status? status = raw.Next()?.Status;
        Assert.That(status?.Code, Is.EqualTo((uint)StatusCode.Unimplemented));
        Assert.That(status?.Message, Does.Contain("'/a.B/C?'"));
        AssertLives(raw);
    }

    [Test]
    public async Task Hello_Asked_IsAnsweredWithTheLimits()
    {
        using RawSession raw = await RawAsync();

        raw.Send(new Frame { Hello = new Hello { Version = 99, Features = { "teleport" } } });

        Hello? hello = raw.Next()?.Hello;
        Assert.That(hello?.Version, Is.EqualTo(1));
        Assert.That(hello?.MaxPacketBytes, Is.EqualTo(65536));
        Assert.That(hello?.MaxCalls, Is.EqualTo(1024));
        AssertLives(raw);
    }

    [Test]
    public async Task Start_CallIdInUseOrZero_EndsTheSession()
    {
        Service.OnConnect = async (_, context) =>
        {
            await ScriptedService.Forever(context, new TaskCompletionSource());
            return new();
        };
        using (RawSession raw = await RawAsync())
        {
            raw.Send(RawSession.Start(0, "ClientConnect"));
            AssertEnded(raw, "call id 0 is not a call's");
        }

        using (RawSession raw = await RawAsync())
        {
            raw.Send(RawSession.Start(1, "ClientConnect"), RawSession.Start(1, "ClientConnect"));
            while (raw.Next() is { CallId: not 0 })
            {
                // The open call ends too.
            }

            Waiting.Until(() => Log.Warnings.Any(w => w.Contains("call id 1 is in use", StringComparison.Ordinal)), "log");
        }
    }

    [Test]
    public async Task Status_FromACaller_EndsTheSession()
    {
        using RawSession raw = await RawAsync();

        raw.Send(new Frame { CallId = 1, Status = new Status() });

        AssertEnded(raw, "a status from a caller");
    }

    [TestCase(0u)]
    [TestCase(65536u)]
    [TestCase(uint.MaxValue)]
    public async Task Credit_OutOfRange_EndsTheSession(uint messages)
    {
        Service.OnList = (_, context) => ScriptedService.Forever(context, new TaskCompletionSource());
        using RawSession raw = await RawAsync();

        raw.Send([.. RawSession.Call(1, "List"), new Frame { CallId = 1, Credit = new Credit { Messages = messages } }]);

        Assert.That(raw.Next()?.Status.Message, Is.Not.Empty);
        Waiting.Until(() => Log.Warnings.Any(w => w.Contains("credit of 0", StringComparison.Ordinal)), "log");
    }

    [TestCase(uint.MaxValue)]
    [TestCase(100_000u)]
    public async Task Credit_GrantedOnTopOfMuch_IsNeverLess(uint first)
    {
        var enough = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        Service.OnList = async (writer, context) =>
        {
            // The credit frame behind the request comes before the second message.
            await Task.Yield();
            int written = 0;
            while (written < 4 && writer.WriteAsync(new ListResponse()).IsCompleted)
            {
                written++;
            }

            enough.SetResult(written);
        };
        using RawSession raw = await RawAsync();

        raw.Send([
            RawSession.Start(1, "List", credit: first),
            RawSession.Message(1, new ListRequest()),
            RawSession.HalfClose(1),
            new Frame { CallId = 1, Credit = new Credit { Messages = 1 } },
        ]);

        Assert.That(await enough.Task.Soon(), Is.EqualTo(4));
    }

    [TestCase(1ul, (uint)StatusCode.DeadlineExceeded)]
    [TestCase(ulong.MaxValue, 0u)]
    [TestCase((ulong)long.MaxValue + 1, 0u)]
    [TestCase(0ul, 0u)]
    public async Task TimeoutUs_Extremes_AreSomeDeadline(ulong timeout, uint code)
    {
        Service.OnConnect = async (_, context) =>
        {
            if (code != 0)
            {
                await ScriptedService.Forever(context, new TaskCompletionSource());
            }

            return new();
        };
        using RawSession raw = await RawAsync();

        raw.Send(RawSession.Start(1, "ClientConnect", timeout), RawSession.Message(1, new ClientConnectRequest()));

        Frame? frame = raw.Next();
        while (frame is { KindCase: not Frame.KindOneofCase.Status })
        {
            frame = raw.Next();
        }

        Assert.That(frame?.Status.Code, Is.EqualTo(code));
    }

    [Test]
    public async Task Messages_MoreThanGranted_EndTheSession()
    {
        Service.OnServer = (_, _, context) => ScriptedService.Forever(context, new TaskCompletionSource());
        using RawSession raw = await RawAsync();

        raw.Send([
            RawSession.Start(1, "ServerStart"),
            .. Enumerable.Repeat(RawSession.Message(1, new ServerStartRequest()), PacketLimits.InitialCredit + 1),
        ]);

        Assert.That(raw.Next(), Is.Not.Null);
        Waiting.Until(() => Log.Warnings.Any(w => w.Contains("more messages than were granted", StringComparison.Ordinal)), "log");
    }

    [Test]
    public async Task Open_OnASession_MakesOneWithTheSameAuthority()
    {
        object? authority = null;
        Service.OnConnect = (_, context) =>
        {
            authority = ((Flower.Rpc.Server.SessionCallContext)context).Authority;
            return Task.FromResult(new ClientConnectResponse());
        };
        using RawSession first = await RawAsync();
        using RawSession second = RawSession.Open(first.Socket);
        second.Send(RawSession.Call(1, "ClientConnect"));

        Assert.That(second.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Message));
        Assert.That(authority, Is.SameAs(Authority));
        AssertLives(first);
    }

    [Test]
    public async Task Open_NotAPacketSocket_IsClosedAndTheSessionLives()
    {
        using RawSession raw = await RawAsync();
        using var gifts = new Gifts(1);

        raw.Send(gifts.Take(), RawSession.OpenFrame);

        gifts.AssertClosed();
        AssertLives(raw);
    }

    [Test]
    public async Task Credentials_NotThere_EndTheSession()
    {
        (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
        using var raw = new RawSession(theirs);
        Assert.That(
            Syscall.setsockopt(
                (int)ours.DangerousGetHandle(), UnixSocketProtocol.SOL_SOCKET, UnixSocketOptionName.SO_PASSCRED, 0),
            Is.Zero);
        await Loop.Invoke(() => Server.ServeOne(ours, Authority)).Soon();

        raw.Send(RawSession.Call(1, "ClientConnect"));

        AssertEnded(raw, "a packet without credentials");
    }

    [Test]
    public async Task Open_WhatIsSaidOnThePairItself_IsNotRead()
    {
        using RawSession raw = await RawAsync();
        (Descriptor own, Descriptor theirs) = UnixSocket.PacketPair();
        using var answers = new RawSession(own);
        using var gifts = new Gifts(1);
        using (theirs)
        {
            answers.Send(gifts.Take(), RawSession.Call(1, "ClientConnect"));
            raw.Send([theirs], RawSession.OpenFrame);
        }

        using RawSession? opened = answers.Opened(out _);
        gifts.AssertClosed();
        Assert.That(answers.Next(), Is.Null);
        AssertLives(opened!);
        AssertLives(raw);
    }

    [Test]
    public async Task Open_OverASocketThatSomebodyReceivesFromForEver_HoldsUpNobody()
    {
        using RawSession raw = await RawAsync();
        (Descriptor own, Descriptor theirs) = UnixSocket.PacketPair();
        using var answers = new RawSession(own);
        using (theirs)
        {
            answers.SendBytes([0]);
            using var stalled = new StalledReceive(theirs);
            answers.SendBytes([0]);
            raw.Send([theirs], RawSession.OpenFrame);

            using RawSession? opened = answers.Opened(out _);
            AssertLives(opened!);
            AssertLives(raw);
        }
    }

    [Test]
    public async Task Open_NobodyTakesTheSession_ItEnds()
    {
        using RawSession raw = await RawAsync();
        (Descriptor own, Descriptor theirs) = UnixSocket.PacketPair();
        using (own)
        using (theirs)
        {
            raw.Send([theirs], RawSession.OpenFrame);
            AssertLives(raw);
            Assert.That(Server.SessionCount, Is.EqualTo(2));
        }

        Waiting.Until(() => Server.SessionCount == 1, "a session that nobody can have is kept");
    }

    [Test]
    public async Task Open_NobodyCanBeAnswered_ThereIsNoSession()
    {
        using RawSession raw = await RawAsync();
        (Descriptor own, Descriptor theirs) = UnixSocket.PacketPair();
        using (theirs)
        {
            own.Dispose();
            raw.Send([theirs], RawSession.OpenFrame);
        }

        AssertLives(raw);
        Assert.That(Server.SessionCount, Is.EqualTo(1));
    }

    [Test]
    public async Task Open_BeyondTheSessionLimit_IsToldWhereTheSessionWouldHaveCome()
    {
        using RawSession raw = await RawAsync();
        var opened = new List<RawSession>();
        for (int i = 1; i < MaxSessions; i++)
        {
            opened.Add(RawSession.Open(raw.Socket));
        }

        Assert.That(RawSession.TryOpen(raw.Socket, out Status? status), Is.Null);
        Assert.That(status?.Code, Is.EqualTo((uint)StatusCode.ResourceExhausted));
        AssertLives(opened[^1]);
        AssertLives(raw);
        opened.ForEach(o => o.Dispose());
    }

    [Test]
    public async Task Channel_BeyondTheSessionLimit_CallFailsWithTheReason()
    {
        using Descriptor shared = await ShareAsync();
        var channels = Enumerable.Range(0, MaxSessions).Select(_ => SessionChannel.OpenShared(shared)).ToList();

        RpcException e = await Stub(channels[^1]).ClientConnectAsync(new()).Failure();

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted).Or.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Status.Detail, Does.Contain($"{MaxSessions} sessions"));
        foreach (SessionChannel channel in channels)
        {
            await channel.DisposeAsync();
        }
    }

    [Test]
    public async Task Shared_MalformedPacket_IsDroppedAndSiblingsGoOn()
    {
        using var shared = new RawSession(await ShareAsync());
        using var gifts = new Gifts(1);

        shared.SendBytes([0xff, 0xff]);
        shared.SendBytes(new byte[PacketLimits.MaxPacketBytes + 1]);
        shared.Send(gifts.Take(), new Frame { CallId = 1, FdCount = 1, Cancel = new Cancel() });
        shared.Send(new Frame { Open = new Open() });
        await using SessionChannel sibling = SessionChannel.OpenShared(shared.Socket);

        Assert.That(await Stub(sibling).ClientConnectAsync(new()).Soon(), Is.Not.Null);
        Assert.That(Log.Warnings.Count(w => w.Contains("on a shared handle was dropped", StringComparison.Ordinal)), Is.EqualTo(4));
        gifts.AssertClosed();
    }

    [Test]
    public async Task Credentials_OfAnotherProcess_EndTheSession()
    {
        using RawSession raw = await RawAsync();
        AssertLives(raw);

        await SpeakAsAnotherAsync(raw, RawSession.Call(2, "ClientConnect"));

        AssertEnded(raw, $"on the session of pid {Environment.ProcessId}");
    }

    [Test]
    public async Task Owner_ExitsWhileAnotherProcessHoldsTheSocket_SessionEnds()
    {
        using RawSession raw = await RawAsync();

        await SpeakAsAnotherAsync(raw, RawSession.Call(1, "ClientConnect"));

        Waiting.Until(() => Server.SessionCount == 0, "the session outlives its owner");
    }

    [Test]
    public async Task Unread_RepliesBeyondTheQueue_EndTheSession()
    {
        Service.OnConnect = (_, _) => Task.FromResult(
            new ClientConnectResponse { Labels = { new Label { Value = new string('x', 60_000) } } });
        using RawSession raw = await RawAsync();

        for (uint i = 1; i < 100 && Server.SessionCount > 0; i++)
        {
            _ = UnixSocket.Send(raw.Socket, new Packet { Frames = { RawSession.Call(i, "ClientConnect") } }.ToByteArray(), []);
        }

        Waiting.Until(() => Server.SessionCount == 0, "the session goes on");
        // Said once it is gone.
        Waiting.Until(() => Log.Warnings.Any(), "nothing is said");
        Assert.That(Log.Warnings, Has.Some.Contains("its replies exceed its queue"));
    }

    [Test]
    public async Task Start_TooMuchMetadata_IsRefusedAndSessionGoesOn()
    {
        using RawSession raw = await RawAsync();
        Frame start = RawSession.Start(1, "ClientConnect");
        start.Start.Metadata.Add(new Flower.Protocol.V1.Metadata { Key = "k", Value = ByteString.CopyFrom(new byte[PacketLimits.MaxStartBytes]) });

        raw.Send(start, RawSession.Message(1, new ClientConnectRequest()), RawSession.HalfClose(1));

        Frame? refused = raw.Next();
        Assert.That((refused?.CallId, refused?.Status?.Code), Is.EqualTo((1u, (uint)StatusCode.ResourceExhausted)));
        Assert.That(refused!.Status.Message, Does.Contain("metadata included: the limit is 8192"));
        AssertLives(raw);
    }

    [Test]
    public async Task Start_ManyWithoutAMessage_AreRefusedAndSessionGoesOn()
    {
        using RawSession raw = await RawAsync();
        for (uint id = 1; id <= 33; id++)
        {
            raw.Send(RawSession.Start(id, "ClientConnect"));
        }

        Frame? refused = raw.Next();

        Assert.That((refused?.CallId, refused?.Status?.Code), Is.EqualTo((33u, (uint)StatusCode.ResourceExhausted)));
        raw.Send(RawSession.Message(1, new ClientConnectRequest()), RawSession.HalfClose(1));
        Assert.That(raw.Next()?.CallId, Is.EqualTo(1));
        Assert.That(raw.Next()?.Status.Code, Is.Zero);
        AssertLives(raw);
    }

    [Test]
    public async Task Stop_ThousandsOfOpensInTheQueue_FewAreLookedAtAndAllAreClosed()
    {
        using Descriptor shared = await ShareAsync();
        (Descriptor kept, Descriptor given) = UnixSocket.PacketPair();
        int begun = 0;
        await Loop.Invoke(() =>
        {
            // In one turn of the loop, which reads none of them before.
            byte[] packet = new Packet { Frames = { Enumerable.Repeat(RawSession.OpenFrame, 200) } }.ToByteArray();
            for (int i = 0; i < 20; i++)
            {
                Assert.That(UnixSocket.Send(shared, packet, [.. Enumerable.Repeat(given, 200)]), Is.Zero);
            }

            int before = Authority.Begun;
            Authority.Sessions.Single().Stop(StatusCode.PermissionDenied, "it is over");
            begun = Authority.Begun - before;
        }).Soon();
        given.Dispose();

        Assert.That(begun, Is.InRange(1, 64));
        await Loop.Invoke(Server.Dispose).Soon();
        AssertClosed(kept);
        kept.Dispose();
    }

    private static void AssertLives(RawSession raw)
    {
        raw.Send(RawSession.Call(1000, "ClientConnect"));
        Assert.That(raw.Next()?.CallId, Is.EqualTo(1000));
        Assert.That(raw.Next()?.Status.Code, Is.Zero);
    }

    private void AssertEnded(RawSession raw, string reason)
    {
        Frame? frame = raw.Next();
        // Calls that the packet began end too.
        while (frame is { CallId: not 0 })
        {
            frame = raw.Next();
        }

        Assert.That(frame?.Status.Message, Does.Contain(reason));
        Assert.That(frame?.Status.Code, Is.Not.Zero);
        Frame? next = raw.Next();
        while (next is not null)
        {
            Assert.That(next.CallId, Is.Not.Zero);
            next = raw.Next();
        }

        Waiting.Until(() => Log.Warnings.Any(w => w.Contains(reason, StringComparison.Ordinal)), "nothing in the log");
    }

    // A process with a duplicate of the socket says one packet, with credentials of its own.
    private static async Task SpeakAsAnotherAsync(RawSession raw, params Frame[] frames)
    {
        string hex = Convert.ToHexString(new Packet { Frames = { frames } }.ToByteArray());
        // pidfd_getfd(2), which Yama may forbid.
        string script = $"""
            import ctypes, os, socket
            get = ctypes.CDLL(None, use_errno=True).syscall
            fd = get(438, os.pidfd_open({Environment.ProcessId}), {(int)raw.Socket.DangerousGetHandle()}, 0)
            if fd < 0: raise SystemExit(77)
            socket.socket(fileno=fd).send(bytes.fromhex("{hex}"))
            """;
        System.Diagnostics.Process child;
        try
        {
            child = System.Diagnostics.Process.Start("python3", ["-c", script]);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("python3 is not installed");
            return;
        }

        using (child)
        {
            await child.WaitForExitAsync().Soon();
            if (child.ExitCode == 77)
            {
                Assert.Ignore("this kernel does not let another process duplicate the socket");
            }

            Assert.That(child.ExitCode, Is.Zero);
        }
    }

    /// <summary>Descriptors to send, of which the test keeps the other ends.</summary>
    private sealed class Gifts(int count) : IDisposable
    {
        private readonly (Descriptor Given, Descriptor Kept)[] _pairs =
            [.. Enumerable.Range(0, count).Select(_ => Pair())];

        public SafeHandle[] Take() => [.. _pairs.Select(p => p.Given)];

        /// <summary>After the test's own ends are closed, nobody holds them.</summary>
        public void AssertClosed()
        {
            foreach ((Descriptor given, Descriptor kept) in _pairs)
            {
                given.Dispose();
                PacketTests.AssertClosed(kept);
            }
        }

        public void Dispose()
        {
            foreach ((Descriptor given, Descriptor kept) in _pairs)
            {
                given.Dispose();
                kept.Dispose();
            }
        }
    }

    private sealed class Twice : IDescriptorCarrier
    {
        public void CollectDescriptors(ICollection<FileDescriptor> into)
        {
            into.Add(new FileDescriptor { Index = 1 });
            into.Add(new FileDescriptor { Index = 1 });
        }
    }
}
