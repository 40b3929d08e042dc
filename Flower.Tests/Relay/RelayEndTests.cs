// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Relay;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Relay;

/// <summary>Peers that do not read, that vanish, and whoever ends a relay from outside.</summary>
internal sealed class RelayEndTests : RelayFixture
{
    // What the kernel's own buffers hold on the way, generously.
    private const int UnixBytes = 2 * 1024 * 1024;
    private const int TcpBytes = 40 * 1024 * 1024;

    [TestCaseSource(nameof(Kinds))]
    public async Task RunAsync_ServerNeverReads_HoldsLittleAndServesOthers(
        AddressFamily clients, AddressFamily servers)
    {
        using var cancel = new CancellationTokenSource();
        (Socket client, Socket _, Task<RelayedBytes> stuck) = Open(clients, servers, cancel.Token);

        Assert.That(
            SendWhatFits(client),
            Is.LessThan(clients == AddressFamily.Unix && servers == AddressFamily.Unix ? UnixBytes : TcpBytes));
        (Socket other, Socket served, Task<RelayedBytes> relay) = Open(clients, servers);
        for (int i = 0; i < 100; i++)
        {
            Write(other, "ping");
            Assert.That(Read(served, 4), Is.EqualTo("ping"));
        }

        other.Dispose();
        served.Dispose();
        await relay.Soon();
        Assert.That(stuck.IsCompleted, Is.False);
        cancel.Cancel();
        Assert.That(async () => await stuck.Soon(), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task RunAsync_ManyBulkOnOneLoop_SmallOneIsServed()
    {
        var bulks = Enumerable.Range(0, 4).Select(_ => Open(AddressFamily.Unix, AddressFamily.Unix)).ToList();
        var moving = bulks.SelectMany(
            bulk => new Task[] { FillAsync(bulk.Client, 50_000_000, 5), DrainAsync(bulk.Server) }).ToList();
        (Socket client, Socket server, Task<RelayedBytes> _) = Open(AddressFamily.Unix, AddressFamily.Unix);

        int served = 0;
        while (served < 50 || (served < 1000 && !Task.WhenAll(moving).IsCompleted))
        {
            Write(client, "ping");
            Assert.That(Read(server, 4), Is.EqualTo("ping"));
            served++;
        }

        await Task.WhenAll(moving).WaitAsync(TimeSpan.FromSeconds(120));
    }

    [TestCase(AddressFamily.Unix)]
    [TestCase(AddressFamily.InterNetwork)]
    public void RunAsync_HalfClosedAndSilent_DoesNotSpin(AddressFamily family)
    {
        (Socket client, Socket server, Task<RelayedBytes> relay) = Open(family, family);
        // One direction has ended, the other is full: readable, hung up in part, and unable to go on.
        server.Shutdown(SocketShutdown.Send);
        Assert.That(ReadToEnd(client), Is.Empty);
        SendWhatFits(client);
        client.Shutdown(SocketShutdown.Send);

        TimeSpan before = LoopTime();
        // Not a synchronisation: how much is used while nothing happens.
        Thread.Sleep(500);

        Assert.That(LoopTime() - before, Is.LessThan(TimeSpan.FromMilliseconds(150)));
        Assert.That(relay.IsCompleted, Is.False);
    }

    [TestCase(AddressFamily.InterNetwork)]
    [TestCase(AddressFamily.Unix)]
    public async Task RunAsync_ClientResets_EndsServerPromptly(AddressFamily servers)
    {
        (Socket client, Socket server, Task<RelayedBytes> relay) = Open(AddressFamily.InterNetwork, servers);
        Write(client, "hello");
        Assert.That(Read(server, 5), Is.EqualTo("hello"));

        client.LingerState = new(true, 0);
        client.Dispose();

        Assert.That((await relay.Soon()).ToOther, Is.EqualTo(5));
        if (servers == AddressFamily.InterNetwork)
        {
            Assert.That(() => server.Receive(new byte[1]), Throws.InstanceOf<SocketException>(), "not a clean end");
        }
        else
        {
            Assert.That(ReadToEnd(server), Is.Empty);
        }
    }

    [Test]
    public async Task RunAsync_ClientResetsWhileServerIsStuck_Ends()
    {
        (Socket client, Socket server, Task<RelayedBytes> relay) =
            Open(AddressFamily.InterNetwork, AddressFamily.InterNetwork);
        SendWhatFits(client);

        client.LingerState = new(true, 0);
        client.Dispose();

        await relay.Soon();
        server.Dispose();
    }

    [TestCaseSource(nameof(Kinds))]
    public async Task RunAsync_ServerClosesWhileClientSends_Ends(AddressFamily clients, AddressFamily servers)
    {
        (Socket client, Socket server, Task<RelayedBytes> relay) = Open(clients, servers);
        Task<string> filling = FillAsync(client, int.MaxValue, 7);
        Read(server, 1_000_000);

        server.Dispose();

        await relay.Soon();
        Assert.That(async () => await filling.Soon(), Throws.InstanceOf<SocketException>());
    }

    [Test]
    public async Task RunAsync_ServerAnswersAndLeavesUnread_AnswerArrivesWhole()
    {
        (Socket client, Socket server, Task<RelayedBytes> relay) = Open(AddressFamily.Unix, AddressFamily.Unix);
        SendWhatFits(client);
        string answer = new('a', 100_000);
        Write(server, answer);

        server.Dispose();

        // What follows is an end or, as without a relay, a reset.
        Assert.That(Read(client, answer.Length), Is.EqualTo(answer));
        client.Dispose();
        Assert.That((await relay.Soon()).ToOne, Is.EqualTo(answer.Length));
    }

    [Test]
    public async Task RunAsync_UnixServerGone_EndsWithoutWaitingForClient()
    {
        (Socket client, Socket server, Task<RelayedBytes> relay) = Open(AddressFamily.Unix, AddressFamily.Unix);

        server.Dispose();

        Assert.That(await relay.Soon(), Is.EqualTo(new RelayedBytes(0, 0)));
        Assert.That(ReadToEnd(client), Is.Empty);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void RunAsync_Cancelled_ClosesBoth(bool before)
    {
        using var cancel = new CancellationTokenSource();
        if (before)
        {
            cancel.Cancel();
        }

        (Socket client, Socket server, Task<RelayedBytes> relay) =
            Open(AddressFamily.Unix, AddressFamily.Unix, cancel.Token);
        cancel.Cancel();

        Assert.That(async () => await relay.Soon(), Throws.InstanceOf<OperationCanceledException>());
        Waiting.Until(() => UnixSocket.IsHungUp(client.SafeHandle), "the client's socket is still open");
        Waiting.Until(() => UnixSocket.IsHungUp(server.SafeHandle), "the server's socket is still open");
    }

    [Test]
    public void Dispose_WhileRelaysGoOn_CancelsThem()
    {
        using var relays = new Relays(2);
        using Socket client = Ends(AddressFamily.Unix, out Descriptor one);
        using Socket server = Ends(AddressFamily.Unix, out Descriptor other);
        Task<RelayedBytes> relay = relays.RunAsync(one, other, CancellationToken.None);

        relays.Dispose();

        Assert.That(async () => await relay.Soon(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(ReadToEnd(client) + ReadToEnd(server), Is.Empty);
        Ends(AddressFamily.Unix, out Descriptor late).Dispose();
        Assert.That(
            () => relays.RunAsync(late, late, CancellationToken.None), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(late.IsClosed, Is.True);
    }

    // Until nothing moves any more.
    private static long SendWhatFits(Socket socket)
    {
        byte[] buffer = new byte[64 * 1024];
        long sent = 0;
        socket.Blocking = false;
        while (socket.Poll(TimeSpan.FromMilliseconds(500), SelectMode.SelectWrite))
        {
            sent += socket.Send(buffer, 0, buffer.Length, SocketFlags.None, out SocketError _);
        }

        socket.Blocking = true;
        return sent;
    }

    private static TimeSpan LoopTime()
    {
        foreach (string task in Directory.GetDirectories("/proc/self/task"))
        {
            if (File.ReadAllText(task + "/comm").StartsWith("flower-relay", StringComparison.Ordinal))
            {
                // proc(5): fields 14 and 15 are ticks of 10 ms; the name, field 2, has no space.
                string[] fields = File.ReadAllText(task + "/stat").Split(' ');
                return TimeSpan.FromMilliseconds(10 * (int.Parse(fields[13]) + int.Parse(fields[14])));
            }
        }

        throw new InvalidOperationException("no relay's thread");
    }
}
