// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net.Sockets;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Peers that do not speak the protocol: theirs is the only session that ends, and the log says why.</summary>
public sealed class GarbageTests : EndToEndTest
{
    private static readonly string SessionEnded =
        string.Create(CultureInfo.InvariantCulture, $"session of pid {Environment.ProcessId} uid {UserId} ended: a ");

    private static uint UserId => Mono.Unix.Native.Syscall.getuid();

    [Test]
    public async Task HandleDoor_RandomPackets_EndOnlyTheirSessions()
    {
        Board.ExpectInLog(SessionEnded);
        await using Client.Handle bystander = await Board.OpenAsync();
        var random = new Random(20171122);
        for (int i = 0; i < 200; i++)
        {
            byte[] packet = new byte[random.Next(1, 3000)];
            random.NextBytes(packet);

            // What happens to be a packet of unknown fields is ignored, and then the session is ended from this side.
            using Socket peer = ConnectPackets();
            peer.Send(packet);
            peer.Shutdown(SocketShutdown.Send);
            await AwaitEndAsync(peer);
        }

        await Board.Daemon.Error.AwaitLineAsync("warn:", SessionEnded);
        await AssertAnswersAsync(bystander);
    }

    [Test]
    public async Task HandleDoor_TruncatedPacket_EndsTheSession()
    {
        Board.ExpectInLog(SessionEnded);
        await using Client.Handle bystander = await Board.OpenAsync();
        byte[] packet = ListPacket();
        for (int length = 1; length < packet.Length; length++)
        {
            // Cut between two frames it is a packet, of an unfinished call.
            if (IsPacket(packet.AsSpan(0, length)))
            {
                continue;
            }

            using Socket peer = ConnectPackets();
            peer.Send(packet.AsSpan(0, length));
            Assert.That(await AwaitEndAsync(peer), Is.LessThan(10), "ended with a status at most");
        }

        await AssertAnswersAsync(bystander);
    }

    [Test]
    public async Task HandleDoor_PacketTooLarge_EndsTheSessionWithTheReason()
    {
        Board.ExpectInLog(SessionEnded + "packet of more than 65536 bytes");
        await using Client.Handle bystander = await Board.OpenAsync();
        using Socket peer = ConnectPackets();

        peer.Send(new byte[65537]);

        Packet answer = await ReceiveAsync(peer);
        Status status = answer.Frames.Single(frame => frame.CallId == 0).Status;
        Assert.That(status.Code, Is.Not.Zero);
        Assert.That(status.Message, Does.Contain("65536"));
        await AwaitEndAsync(peer);
        await AssertAnswersAsync(bystander);
    }

    [Test]
    public async Task HandleDoor_UnknownMethod_IsAnsweredAndSessionGoesOn()
    {
        using Socket peer = ConnectPackets();
        peer.Send(new Packet { Frames = { new Frame { CallId = 1, Start = new() { Method = "/no.Such/Method" } } } }
            .ToByteArray());

        Packet answer = await ReceiveAsync(peer);

        Assert.That(answer.Frames.Single(frame => frame.Status is not null).Status.Code, Is.EqualTo(12u));
        peer.Send(ListPacket());
        Packet listed = await ReceiveAsync(peer);
        Assert.That(listed.Frames.Select(frame => frame.CallId), Has.All.EqualTo(1u));
    }

    [Test]
    public async Task GrpcDoor_RandomBytesAndHttp1_AreCutOff()
    {
        await using Client.Handle bystander = await Board.OpenAsync();
        var random = new Random(20171122);
        byte[] noise = new byte[3000];
        for (int i = 0; i < 20; i++)
        {
            random.NextBytes(noise);
            await AssertCutOffAsync(noise);
        }

        await AssertCutOffAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());

        // The preface of HTTP/2, and then something that is no frame of it.
        await AssertCutOffAsync([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. noise]);
        await AssertAnswersAsync(bystander);
        using GrpcDoor door = new(Board.Admin);
        Assert.That(await door.ListAsync(), Is.Empty);
    }

    private static byte[] ListPacket() => new Packet
    {
        Frames =
        {
            new Frame { CallId = 1, Start = new() { Method = "/flower.v1.Switchboard/List" } },
            new Frame { CallId = 1, Message = new ListRequest().ToByteString() },
            new Frame { CallId = 1, HalfClose = new() },
        },
    }.ToByteArray();

    private static bool IsPacket(ReadOnlySpan<byte> bytes)
    {
        try
        {
            Packet.Parser.ParseFrom(bytes);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    private Socket ConnectPackets() => new(UnixSocket.ConnectPackets(Board.Handle).ToSocketHandle());

    private async Task AssertCutOffAsync(byte[] bytes)
    {
        using var peer = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await peer.ConnectAsync(new UnixDomainSocketEndPoint(Board.Admin)).Within();
        try
        {
            await peer.SendAsync(bytes).Within();
        }
        catch (SocketException)
        {
            // Cut off before all of it was read.
        }

        await AwaitEndAsync(peer);
    }

    // How many packets or pieces came before the end.
    private static async Task<int> AwaitEndAsync(Socket peer)
    {
        byte[] buffer = new byte[65536];
        try
        {
            for (int pieces = 0; ; pieces++)
            {
                if (await peer.ReceiveAsync(buffer).Within() == 0)
                {
                    return pieces;
                }
            }
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    private static async Task<Packet> ReceiveAsync(Socket peer)
    {
        byte[] buffer = new byte[65536];
        int count = await peer.ReceiveAsync(buffer).Within();
        return Packet.Parser.ParseFrom(buffer, 0, count);
    }

    // Both the session that was open all the time and a new one.
    private async Task AssertAnswersAsync(Client.Handle bystander)
    {
        await using Client.Handle other = await Board.OpenAsync();
        using var limit = new CancellationTokenSource(Patience.Limit);
        foreach (Client.Handle handle in new[] { bystander, other })
        {
            await foreach (Client.TargetInfo target in handle.ListAsync(Flower.Protocol.LabelSet.Empty, limit.Token))
            {
                Assert.Fail($"{target} is registered");
            }
        }
    }
}
