// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Hosting;
using Flower.Tests.Rpc;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>What connects cost the thread of the switchboard, counted.</summary>
internal sealed class ConnectCostTests
{
    // What was seen when this was written, 3,050, and a tenth more: the compilers decide some of it.
    private const int MaxBytes = 3_400;

    private static readonly LabelSet Labels = LabelSet.Create(("program", "counted"));

    private DirectoryInfo _directory = null!;
    private EventLoop _loop = null!;
    private RunningBoard _board = null!;
    private Descriptor _listener = null!;

    private string SocketPath => Path.Combine(_directory.FullName, "s");

    [SetUp]
    public async Task Start()
    {
        _directory = Directory.CreateTempSubdirectory("flower-");
        _loop = new EventLoop("board", null);
        _listener = UnixSocket.ListenPackets(SocketPath, 0x180);
        await _loop.Invoke(() =>
        {
            _board = new RunningBoard(
                _loop,
                new SwitchboardOptions { Listen = SocketPath, Admin = SocketPath + "a", Control = SocketPath + "c" },
                null,
                NullLogger.Instance);
            _board.Server.Listen(_listener, socket => _board.Door.Admit(SocketPeer.Of(socket)));
        });
    }

    [TearDown]
    public async Task Stop()
    {
        await _loop.Invoke(_board.Dispose);
        _loop.Dispose();
        _listener.Dispose();
        _directory.Delete(recursive: true);
    }

    [Test]
    public async Task Connect_AskedForAgainAndAgain_AllocatesLittle()
    {
        await using Handle server = await Handle.OpenAsync(SocketPath);
        await using Listener listener = await server.ListenAsync(Labels);
        Task serving = ServeAsync(listener);
        await using Handle client = await Handle.OpenAsync(SocketPath);
        await ConnectAsync(client, 2_000);

        long before = await AllocatedAsync();
        await ConnectAsync(client, 2_000);
        long bytes = (await AllocatedAsync() - before) / 2_000;

        TestContext.Out.WriteLine($"{bytes} bytes a connect");
        Assert.That(bytes, Is.InRange(500, MaxBytes));
        await listener.DisposeAsync();
        await serving;
    }

    [Test]
    public async Task Connect_ManyAtOnce_AreOnePacketForTheServer()
    {
        const int Clients = 32;
        using var server = new RawSession(UnixSocket.ConnectPackets(SocketPath));
        server.Send(
            RawSession.Start(1, "ServerStart", credit: 1000),
            RawSession.Message(1, new ServerStartRequest { Start = new() { Labels = Labels.ToMessage(), Credit = 100 } }));
        Assert.That(server.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Message), "started");
        var clients = new List<RawSession>();
        for (int i = 0; i < Clients; i++)
        {
            var client = new RawSession(UnixSocket.ConnectPackets(SocketPath));
            clients.Add(client);
            // It is known then.
            client.Send(RawSession.Call(1, "UnknownCall"));
            Assert.That(client.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Status));
        }

        // All of them ask while the switchboard is busy, and not before: what it had seen already would be a packet of its own.
        using var held = new SemaphoreSlim(0);
        using var isHeld = new SemaphoreSlim(0);
        Task busy = _loop.Invoke(() =>
        {
            isHeld.Release();
            held.Wait(TimeSpan.FromSeconds(20));
        });
        Assert.That(await isHeld.WaitAsync(TimeSpan.FromSeconds(20)), Is.True);
        foreach (RawSession client in clients)
        {
            client.Send(
                RawSession.Start(3, "ClientConnect"),
                RawSession.Message(3, new ClientConnectRequest { Labels = Labels.ToMessage() }),
                RawSession.HalfClose(3));
        }

        held.Release();
        await busy;
        Frame? first = server.Next();
        Assert.That(first?.FdCount, Is.EqualTo(1));
        Assert.That(server.InPacket, Is.EqualTo(Clients - 1), "one packet, one system call");
        clients.ForEach(client => client.Dispose());
    }

    private static async Task ServeAsync(Listener listener)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            (await incoming.AcceptAsync()).Dispose();
        }
    }

    private static async Task ConnectAsync(Handle client, int count)
    {
        for (int i = 0; i < count; i++)
        {
            (await client.ConnectAsync(Labels)).Dispose();
        }
    }

    private async Task<long> AllocatedAsync()
    {
        long bytes = 0;
        await _loop.Invoke(() => bytes = GC.GetAllocatedBytesForCurrentThread());
        return bytes;
    }
}
