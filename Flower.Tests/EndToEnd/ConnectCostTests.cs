// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>What a connect costs the switchboard, counted: time would say more about the machine.</summary>
internal sealed class ConnectCostTests : EndToEndTest
{
    // The switchboard grants its server credit once in sixteen answers, sometimes in a packet of its own.
    private const int Connects = 160;
    private const int Grants = (Connects / 16) + 1;

    private static readonly LabelSet Labels = LabelSet.Create(("program", "counted"));

    [Test]
    public async Task Connect_OneAfterAnother_CostsTheSwitchboardSoManySystemCalls()
    {
        string strace = Programs.Require("strace");
        using var server = new RawSession(UnixSocket.ConnectPackets(Board.Handle));
        server.Send(
            RawSession.Start(1, "ServerStart", credit: 60_000),
            RawSession.Message(1, new ServerStartRequest { Start = new() { Labels = Labels.ToMessage(), Credit = 100 } }));
        Assert.That(server.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Message), "started");
        using var client = new RawSession(UnixSocket.ConnectPackets(Board.Handle));
        // What the first ones do besides is none of what a connect costs.
        Connect(client, server, 1);

        // Nor is what it does half a second after its start: the collector then reads files, and closes them.
        await Task.Delay(TimeSpan.FromSeconds(1));
        string counts = Path.Combine(Board.Folder, "counts");
        FlowerProcess tracer = Board.Program(
            strace, "-f", "-c", "-U", "calls,name", "-o", counts, "-p", $"{Board.Daemon.Id}");
        await tracer.Error.AwaitLineAsync("attached");
        Connect(client, server, 1000);
        tracer.Signal(Signum.SIGINT);
        await tracer.ExitAsync();

        Dictionary<string, int> calls = Read(counts);
        Assert.Multiple(() =>
        {
            // And one of each at the end.
            Assert.That(calls["socketpair"], Is.EqualTo(Connects), "one pair");
            Assert.That(calls["getsockopt"], Is.EqualTo(Connects), "the cookie by which the connection is known again");
            Assert.That(calls["close"], Is.EqualTo(2 * Connects), "both of its ends, once they are sent");
            Assert.That(calls["recvmsg"], Is.EqualTo((2 * Connects) + 1), "the request and the server's word");
            Assert.That(calls["sendmsg"], Is.InRange((2 * Connects) + 1, (2 * Connects) + 1 + Grants), "offer, answer, and credit");
            Assert.That(calls["epoll_wait"], Is.LessThanOrEqualTo((2 * Connects) + 4));
        });
    }

    // One after another, each on a call of its own from an id on.
    private static void Connect(RawSession client, RawSession server, uint from)
    {
        for (uint id = from; id < from + Connects; id++)
        {
            client.Send(
                RawSession.Start(id, "ClientConnect"),
                RawSession.Message(id, new ClientConnectRequest { Labels = Labels.ToMessage() }),
                RawSession.HalfClose(id));
            Offer? offer = null;
            while (offer is null)
            {
                // Credit may come first.
                Frame next = server.Next() ?? throw new AssertionException("the server's session has ended");
                offer = next.Message.IsEmpty ? null : ServerStartResponse.Parser.ParseFrom(next.Message).Offer;
            }

            server.Send(RawSession.Message(
                1, new ServerStartRequest { Answer = new() { ConnectionId = offer.ConnectionId, Accept = new(), Credit = 1 } }));
            Assert.That(client.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Message));
            Assert.That(client.Next()?.Status?.Code, Is.Zero);
        }

        // When this is answered, the last pair is closed.
        client.Send(RawSession.Call(from + Connects, "UnknownCall"));
        Assert.That(client.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Status));
    }

    // "    320 sendmsg" under a head.
    private static Dictionary<string, int> Read(string file) => File.ReadLines(file)
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(words => words.Length == 2 && int.TryParse(words[0], CultureInfo.InvariantCulture, out _) && words[1] != "total")
        .ToDictionary(words => words[1], words => int.Parse(words[0], CultureInfo.InvariantCulture));
}
