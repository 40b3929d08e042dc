// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Relay;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Relay;

/// <summary>What a relay carries, and how it ends by itself.</summary>
internal sealed class RelayTests : RelayFixture
{
    [TestCaseSource(nameof(Kinds))]
    public async Task RunAsync_OneSideEndsFirst_OtherStillSends(AddressFamily clients, AddressFamily servers)
    {
        foreach (bool clientFirst in new[] { true, false })
        {
            (Socket client, Socket server, Task<RelayedBytes> relay) = Open(clients, servers);
            (Socket early, Socket late) = clientFirst ? (client, server) : (server, client);
            Write(early, "question");
            early.Shutdown(SocketShutdown.Send);
            Assert.That(ReadToEnd(late), Is.EqualTo("question"));
            Write(late, "answer");
            Assert.That(Read(early, 6), Is.EqualTo("answer"));
            Write(late, ", and more");
            Assert.That(Read(early, 10), Is.EqualTo(", and more"));
            Assert.That(relay.IsCompleted, Is.False);

            late.Shutdown(SocketShutdown.Send);

            Assert.That(ReadToEnd(early), Is.Empty);
            Assert.That(await relay.Soon(), Is.EqualTo(clientFirst ? new RelayedBytes(8, 16) : new(16, 8)));
        }
    }

    [TestCaseSource(nameof(Kinds))]
    public async Task RunAsync_HundredMegabytesBothWays_ArriveUnchangedAndSpliced(
        AddressFamily clients, AddressFamily servers)
    {
        const int bytes = 100_000_000;
        (Socket client, Socket server, Task<RelayedBytes> relay) = Open(clients, servers);

        string[] hashes = await Task.WhenAll(
            FillAsync(client, bytes, 1), DrainAsync(server), FillAsync(server, bytes, 2), DrainAsync(client))
            .WaitAsync(TimeSpan.FromSeconds(120));

        Assert.That(hashes[1], Is.EqualTo(hashes[0]));
        Assert.That(hashes[3], Is.EqualTo(hashes[2]));
        Assert.That(hashes[2], Is.Not.EqualTo(hashes[0]));
        Assert.That(await relay.Soon(), Is.EqualTo(new RelayedBytes(bytes, bytes)));
        Assert.That(Relays.SplicedBytes, Is.GreaterThan(bytes), "more than half of it");
    }

    [TestCaseSource(nameof(Kinds))]
    public async Task RunAsync_BulkThenSmallThenBulk_SplicesBulkOnly(AddressFamily clients, AddressFamily servers)
    {
        (Socket client, Socket server, Task<RelayedBytes> relay) = Open(clients, servers);
        byte[] bulk = new byte[8 * 1024 * 1024];
        new Random(3).NextBytes(bulk);

        await SendBulkAsync(client, server, bulk);
        long first = Relays.SplicedBytes;
        for (int i = 0; i < 200; i++)
        {
            Write(client, "ping");
            Assert.That(Read(server, 4), Is.EqualTo("ping"));
        }

        long second = Relays.SplicedBytes;
        await SendBulkAsync(client, server, bulk);

        Assert.That(first, Is.GreaterThan(bulk.Length / 4));
        Assert.That(second - first, Is.LessThan(100), "of 800 small bytes");
        Assert.That(Relays.SplicedBytes - second, Is.GreaterThan(bulk.Length / 4));
        client.Shutdown(SocketShutdown.Both);
        server.Shutdown(SocketShutdown.Both);
        Assert.That((await relay.Soon()).ToOther, Is.EqualTo((2 * bulk.Length) + 800));
    }

    [Test]
    public async Task RunAsync_UrgentByteBetween_LosesNothingElse()
    {
        (Socket client, Socket server, Task<RelayedBytes> relay) =
            Open(AddressFamily.InterNetwork, AddressFamily.InterNetwork);

        Write(client, "before");
        client.Send("!"u8, SocketFlags.OutOfBand);
        Write(client, "after");
        Assert.That(Read(server, 11), Is.EqualTo("beforeafter"));
        Write(client, "more");
        client.Shutdown(SocketShutdown.Send);

        Assert.That(ReadToEnd(server), Is.EqualTo("more"));
        server.Shutdown(SocketShutdown.Send);
        await relay.Soon();
    }

    [Test]
    public async Task RunAsync_ThousandsOfShortOnes_LeaveNothing()
    {
        const int batches = 40;
        const int atOnce = 50;
        for (int batch = 0; batch < batches; batch++)
        {
            AddressFamily[] kind = Kinds[batch % Kinds.Length];
            var open = Enumerable.Range(0, atOnce).Select(_ => Open(kind[0], kind[1])).ToList();
            foreach ((Socket client, Socket _, Task<RelayedBytes> _) in open)
            {
                Write(client, "short");
                client.Shutdown(SocketShutdown.Send);
            }

            foreach ((Socket client, Socket server, Task<RelayedBytes> relay) in open)
            {
                Assert.That(ReadToEnd(server), Is.EqualTo("short"));
                server.Dispose();
                Assert.That(await relay.Soon(), Is.EqualTo(new RelayedBytes(5, 0)));
                client.Dispose();
            }
        }

        Assert.That(Relays.Count, Is.Zero);
    }

    [Test]
    public void RunAsync_ClosedDescriptor_FailsAndClosesTheOther()
    {
        using Socket client = Ends(AddressFamily.Unix, out Descriptor one);
        using Socket server = Ends(AddressFamily.Unix, out Descriptor other);
        other.Dispose();

        Assert.That(
            () => Relays.RunAsync(one, other, CancellationToken.None), Throws.InstanceOf<ObjectDisposedException>());

        Assert.That(ReadToEnd(client), Is.Empty);
        Assert.That(Relays.Count, Is.Zero);
    }

    private static async Task SendBulkAsync(Socket from, Socket to, byte[] bulk)
    {
        Task<int> sending = Task.Run(() => from.Send(bulk));
        byte[] got = await Task.Run(() => ReadBytes(to, bulk.Length)).Soon();
        Assert.That(await sending.Soon(), Is.EqualTo(bulk.Length));
        Assert.That(got.AsSpan().SequenceEqual(bulk), Is.True);
    }
}
