// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Net.Sockets;
using Flower.Run.Names;
using Flower.Tests.EndToEnd;
using NUnit.Framework;

namespace Flower.Tests.Run;

/// <summary>The name server of a box over TCP, by hand.</summary>
internal sealed class NameStubTcpTests
{
    public static byte[] Framed(byte[] message) => [.. DnsQuery.Two(message.Length), .. message];

    /// <summary>The next answer.</summary>
    public static async Task<byte[]> ReadAsync(Socket peer)
    {
        byte[] prefix = await ReadExactlyAsync(peer, 2);
        return await ReadExactlyAsync(peer, BinaryPrimitives.ReadUInt16BigEndian(prefix));
    }

    /// <summary>Whether the server ends the connection, in whatever way.</summary>
    public static async Task<bool> HasEndedAsync(Socket peer)
    {
        try
        {
            return await peer.ReceiveAsync(new byte[1]).Within() == 0;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true;
        }
    }

    [Test]
    public async Task Questions_Pipelined_AreAnsweredInOrder()
    {
        await using var stub = new NameStubFixture();
        using Socket peer = await stub.ConnectAsync();
        // More than the server's buffers hold at once, and an empty message, which has no answer.
        byte[][] questions = [.. Enumerable.Range(0, 500).Select(i => DnsQuery.Ask($"n{i}.example"))];
        Task sending = peer.SendAsync((byte[])[0, 0, .. questions.SelectMany(Framed)]).Within();

        foreach (byte[] question in questions)
        {
            byte[] answer = await ReadAsync(peer);
            Assert.That(DnsReply.Read(answer, question).Question, Is.EqualTo(question[12..]));
        }

        await sending;
    }

    [Test]
    public async Task Questions_InPieces_AreAnswered()
    {
        await using var stub = new NameStubFixture();
        using Socket peer = await stub.ConnectAsync(1);
        peer.NoDelay = true;
        byte[] question = DnsQuery.Ask("db.example");
        byte[] bytes = [.. Framed(question), .. Framed(question)];
        for (int at = 0; at < bytes.Length; at += 7)
        {
            await peer.SendAsync(bytes.AsMemory(at, Math.Min(7, bytes.Length - at)));
        }

        peer.Shutdown(SocketShutdown.Send);

        Assert.That(DnsReply.Read(await ReadAsync(peer), question).Data, Has.Length.EqualTo(4));
        Assert.That(DnsReply.Read(await ReadAsync(peer), question).Data, Has.Length.EqualTo(4));
        Assert.That(await HasEndedAsync(peer), Is.True, "all are answered");
    }

    [Test]
    public async Task Question_LongestThatIsTaken_AndBeyond()
    {
        await using var stub = new NameStubFixture();
        using Socket peer = await stub.ConnectAsync();
        int padding = 4094 - DnsQuery.AskWith("db.example", DnsQuery.A, DnsQuery.Opt()).Length;
        byte[] question = DnsQuery.AskWith("db.example", DnsQuery.A, DnsQuery.Opt(0, false, new byte[padding]));
        await peer.SendAsync(Framed(question));
        Assert.That(DnsReply.Read(await ReadAsync(peer), question).Data, Has.Length.EqualTo(4));

        await peer.SendAsync(DnsQuery.Two(4095));

        Assert.That(await HasEndedAsync(peer), Is.True);
    }

    [Test]
    public async Task Peer_Idle_IsLeft([Values] bool hasAsked)
    {
        await using var stub = new NameStubFixture(idleLimit: TimeSpan.FromMilliseconds(200));
        using Socket peer = await stub.ConnectAsync();
        byte[] question = Framed(DnsQuery.Ask("db.example"));
        if (hasAsked)
        {
            await peer.SendAsync(question);
            await ReadAsync(peer);
        }

        // Some of a question is not one.
        await peer.SendAsync(question.AsMemory(0, 5));

        Assert.That(await HasEndedAsync(peer), Is.True);
    }

    [Test]
    public async Task Peer_ThatDoesNotRead_HoldsUpNobody()
    {
        await using var stub = new NameStubFixture(idleLimit: Patience.Limit);
        using Socket silent = await stub.ConnectAsync();
        byte[] questions = [.. Enumerable.Repeat(Framed(DnsQuery.Ask("a.example")), 1000).SelectMany(b => b)];
        using var enough = new CancellationTokenSource();
        Task flood = FloodAsync(silent, questions, enough.Token);

        for (int i = 0; i < 20; i++)
        {
            using Socket other = await stub.ConnectAsync();
            await other.SendAsync(Framed(DnsQuery.Ask("db.example")));
            Assert.That(await ReadAsync(other), Is.Not.Empty);
        }

        await enough.CancelAsync();
        await flood.Within();
    }

    [Test]
    public async Task Peer_ThatResets_OthersAreAnswered()
    {
        await using var stub = new NameStubFixture();
        for (int i = 0; i < 20; i++)
        {
            using Socket peer = await stub.ConnectAsync();
            await peer.SendAsync(Framed(DnsQuery.Ask("a.example")));
            peer.Close(timeout: 0);
        }

        using Socket other = await stub.ConnectAsync();
        await other.SendAsync(Framed(DnsQuery.Ask("db.example")));

        Assert.That(await ReadAsync(other), Is.Not.Empty);
    }

    [Test]
    public async Task Connections_TooMany_TheLongestIdleGivesWay()
    {
        await using var stub = new NameStubFixture(idleLimit: Patience.Limit * 2);
        byte[] question = Framed(DnsQuery.Ask("db.example"));
        var peers = new List<Socket>();
        try
        {
            for (int i = 0; i < NameStub.MaxConnections; i++)
            {
                // Over both listeners, which share the limit.
                peers.Add(await stub.ConnectAsync(i % 2));
                await AskAsync(peers[i], question);
            }

            await AskAsync(peers[0], question);
            peers.Add(await stub.ConnectAsync());
            await AskAsync(peers[^1], question);

            Assert.That(await HasEndedAsync(peers[1]), Is.True);
            foreach (Socket peer in peers.Where((_, i) => i != 1))
            {
                await AskAsync(peer, question);
            }
        }
        finally
        {
            peers.ForEach(peer => peer.Dispose());
        }
    }

    private static async Task AskAsync(Socket peer, byte[] question)
    {
        await peer.SendAsync(question);
        Assert.That(await ReadAsync(peer), Is.Not.Empty);
    }

    private static async Task FloodAsync(Socket peer, byte[] questions, CancellationToken enough)
    {
        try
        {
            while (true)
            {
                await peer.SendAsync(questions, enough);
            }
        }
        catch (OperationCanceledException)
        {
            // The server has stopped reading, or the test has seen enough.
        }
    }

    private static async Task<byte[]> ReadExactlyAsync(Socket peer, int length)
    {
        byte[] bytes = new byte[length];
        for (int at = 0; at < length;)
        {
            int received = await peer.ReceiveAsync(bytes.AsMemory(at)).Within();
            Assert.That(received, Is.Positive, "the server ended the connection");
            at += received;
        }

        return bytes;
    }
}
